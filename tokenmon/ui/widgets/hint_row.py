"""The last row: keys that do something here. `? help  q quit` is at the right end at every width."""

from rich.text import Text

from tokenmon.ui.look import Look, spread
from tokenmon.ui.widgets.lines import Lines

Hint = tuple[str, str]
"""A key as it is shown, and one or two words."""

PINNED: tuple[Hint, ...] = (("?", "help"), ("q", "quit"))


class HintRow(Lines):
    """As many hints as fit, never half a one."""

    def draw(self, look: Look, hints: tuple[Hint, ...], width: int) -> None:
        """Paint for a terminal of `width` columns."""
        right = Text("  ").append_text(Text("  ").join(_hint(look, hint) for hint in PINNED)).append(" ")
        left = Text(" ")
        for hint in hints:
            part = _hint(look, hint)
            if left.cell_len + part.cell_len + right.cell_len > width:
                break
            left.append_text(part).append("  ")
        self.show(spread(left, right, width))


def _hint(look: Look, hint: Hint) -> Text:
    key, words = hint
    return Text(key, f"bold {look.palette.primary}").append(f" {words}", look.palette.muted)
