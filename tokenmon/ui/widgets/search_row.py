"""One row for the words of a search; it is there while it is typed in or holds words."""

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import Resize
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input

from tokenmon.ui.look import Look
from tokenmon.ui.widgets.lines import Lines

HINTS = (
    'prefix words, all must match, "a phrase", model: key: status:429 cost:>0.5   (Enter keeps, Esc clears)',
    "words, model: key: status:429 cost:>0.5   (Enter keeps, Esc clears)",
    "words, model: key: status: cost:>0.5   (Enter keeps)",
)
"""What can be typed, for ever narrower terminals."""

LABEL = 4

DEBOUNCE = 0.12
"""Seconds without a key after which the search is done."""


class SearchRow(Horizontal):
    """Prefix words, ANDed, over every panel."""

    DEFAULT_CSS = """
    SearchRow { height: 1; display: none; }
    SearchRow.-open { display: block; }
    SearchRow Lines { width: 4; }
    """

    class Changed(Message):
        """The words to search for are others now."""

        def __init__(self, words: str) -> None:
            self.words = words
            super().__init__()

    class Left(Message):
        """The keys belong to the panel again."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._timer: Timer | None = None
        self._told = ""
        self._field = Input(compact=True)
        self._field.can_focus = False

    def compose(self) -> ComposeResult:
        yield Lines()
        yield self._field

    def on_mount(self) -> None:
        self.draw()

    def draw(self) -> None:
        """Paint the sign before the words."""
        self.query_one(Lines).show(Text("  / ", f"bold {self._look.palette.primary}"))

    def on_resize(self, event: Resize) -> None:
        """Tell as much as fits."""
        room = event.size.width - LABEL - 1
        self._field.placeholder = next((hint for hint in HINTS if len(hint) <= room), HINTS[-1])

    @property
    def words(self) -> str:
        """What is searched for, as typed."""
        return self._field.value.strip()

    @property
    def typing(self) -> bool:
        """Whether keys go into the row."""
        return self._field.has_focus

    def open(self) -> None:
        """Show the row and take the keys."""
        self.add_class("-open")
        self._field.can_focus = True
        self._field.focus()

    def leave(self) -> None:
        """Give the keys back; without words the row goes."""
        self._field.can_focus = False
        self.set_class(bool(self.words), "-open")
        self._tell()
        self.post_message(self.Left())

    def clear(self) -> None:
        """No words any more."""
        self._field.value = ""
        if not self.typing:
            self.remove_class("-open")
        self._tell()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Wait for a pause in typing."""
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(DEBOUNCE, self._tell)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter keeps the words."""
        event.stop()
        self.leave()

    def _tell(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self.words != self._told:
            self._told = self.words
            self.post_message(self.Changed(self.words))
