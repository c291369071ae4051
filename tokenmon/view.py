"""What the user looks at: a span of time and a filter. Every panel and every report answers for a view."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Window:
    """A half-open span of time [start, end), UTC milliseconds."""

    start: int | None = None
    """None: from the first event."""
    end: int | None = None
    """None: to the last event, however late."""

    def before(self) -> "Window | None":
        """The span of the same length just before; None where there is no length."""
        if self.start is None or self.end is None:
            return None
        return Window(2 * self.start - self.end, self.start)


@dataclass(frozen=True)
class Condition:
    """FIELD=VALUE, exact. A name of `events.NAMES`, `key`, `source`, `session`, `status` or `quality`."""

    field: str
    value: str
    """For `status`: ok, failed, or a number; for `quality` a name of `doubts.DOUBTS`. Empty: the name is missing."""


@dataclass(frozen=True)
class View:
    """A window, exact conditions ANDed, and words to search for."""

    window: Window = Window()
    where: tuple[Condition, ...] = ()
    search: str = ""
    """What the user types: prefix words over all names, ANDed; "phrases" in quotes; fields as `model:gpt`,
    `status:failed`, `quality:empty`, `cost:>0.5`, `session:ab`; or a whole request id. No text is an error."""
    compared: Window | None = None
    """The span that this one is compared with; None where there is none."""

    def at(self, window: Window) -> "View":
        """The same filter over another span."""
        return replace(self, window=window)

    def only(self, field: str, value: str) -> "View":
        """Narrowed by one more condition."""
        return replace(self, where=(*self.where, Condition(field, value)))

    def without(self, field: str) -> "View":
        """Widened to all values of a field: what a panel shows whose own rows were chosen from."""
        return replace(self, where=tuple(condition for condition in self.where if condition.field != field))

    def chosen(self, field: str) -> str | None:
        """The value that a field is narrowed to; None where it is not, empty where it must be missing."""
        return next((condition.value for condition in self.where if condition.field == field), None)
