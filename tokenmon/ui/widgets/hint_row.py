"""The last row: keys that do something here, which a click does, too. `? help  q quit` is at the right end at every
width."""

from dataclasses import dataclass

from rich.text import Text

from tokenmon.ui.look import Look, spread
from tokenmon.ui.widgets.lines import Lines, clickable


@dataclass(frozen=True)
class Hint:
    """A key as it is written, one or two words, and the action of both; without one a click does nothing."""

    key: str
    words: str
    action: str = ""


class HintRow(Lines):
    """As many hints as fit, never half a one."""

    def draw(self, look: Look, hints: tuple[Hint, ...], pinned: tuple[Hint, ...], width: int) -> None:
        """Paint for a terminal of `width` columns."""
        right = Text("  ").append_text(Text("  ").join(_words(look, hint) for hint in pinned)).append(" ")
        left = Text(" ")
        for hint in hints:
            part = _words(look, hint)
            if left.cell_len + part.cell_len + right.cell_len > width:
                break
            left.append_text(part).append("  ")
        self.show(spread(left, right, width))


def _words(look: Look, hint: Hint) -> Text:
    palette = look.palette
    return (
        Text()
        .append(hint.key, clickable(f"bold {palette.primary}", hint.action))
        .append(f" {hint.words}", clickable(palette.muted, hint.action))
    )
