"""How official limits are painted: whose, a bar of what is used, how much, and when it is whole again.

Where a row is too short for all of them, words go first, then bars, then the middle of names; numbers and times stay.
"""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from tokenmon import limits
from tokenmon.events import Limit
from tokenmon.ui.look import Look
from tokenmon.ui.widgets.bars import bar

BAR = 8
"""Cells of a bar, wide enough for steps of six percent."""
GAP = "   "
NAME = 14
"""Cells of a name before its window, where names are short."""


def painted(limit: Limit, look: Look, now: int, name: Text, *, told: str = "", drawn: bool = True) -> Text:
    """One limit after its name: `━━━━╸    58% 17:30`; one that was reset is not used at all."""
    palette = look.palette
    if limits.is_reset(limit, now):
        return name.append(f" {'':{BAR}} reset" if drawn else " reset", palette.muted)
    style = palette.bad if limit.used >= 100 else palette.warn if limit.used >= limits.NEARLY else palette.primary
    line = name.append(" ")
    if drawn:
        line.append(bar(limit.used / 100, BAR, look.glyphs).ljust(BAR), style).append(" ")
    used = f"{limit.used:.0f}%"
    line.append(used.rjust(4) if drawn else used, palette.text if style == palette.primary else f"bold {style}")
    line.append("!" if limit.used >= 100 else "", f"bold {style}")
    end = limits.ends_at(limit)
    return line.append(f" {told}{limits.clock(end, now, look.zone)}" if end is not None else "", palette.muted)


def row(standing: Sequence[Limit], look: Look, now: int, width: int) -> Text:
    """As many limits as one row has room for; the rest is counted. First of all those give way that were reset."""
    used = [limit for limit in standing if not limits.is_reset(limit, now)] or standing
    forms = [
        [_told(limit, look, now, form) for limit in told]
        for told in (standing, used)
        for form in ("until ", "", None)
        if told is used or form is not None
    ]
    whole = (form for form in forms if sum(part.cell_len + len(GAP) for part in form) - len(GAP) < width)
    return _joined(next(whole, forms[-1]), look, width)


def _told(limit: Limit, look: Look, now: int, told: str | None) -> Text:
    """One limit, in short where `told` is None."""
    name = look.name(limits.title(limit))
    own = Text(_short(name, look) if told is None else name, look.palette.text)
    return painted(limit, look, now, own, told=told or "", drawn=told is not None)


def _short(name: str, look: Look) -> str:
    """A name that is long without its middle, because its end tells which window it is."""
    of, _, window = name.rpartition(" ")
    return f"{look.fit(of, NAME)} {window}" if cell_len(of) > NAME else name


def _joined(parts: Sequence[Text], look: Look, width: int) -> Text:
    shown = Text("", no_wrap=True)
    for place, part in enumerate(parts):
        left = len(parts) - place - 1
        rest = f"{GAP}+{left} more" if left else ""
        if place and part.cell_len > width - shown.cell_len - len(GAP) - len(rest):
            return shown.append(f"{GAP}+{left + 1} more", look.palette.muted)
        shown.append(GAP if place else " ").append_text(part)
    return shown
