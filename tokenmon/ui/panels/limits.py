"""How official limits are painted: whose, a bar of what is used, how much, and when it is whole again."""

from collections.abc import Sequence

from rich.text import Text

from tokenmon import limits
from tokenmon.events import Limit
from tokenmon.ui.look import Look
from tokenmon.ui.widgets.bars import bar

BAR = 8
"""Cells of a bar, wide enough for steps of six percent."""
GAP = "   "
REST = f"{GAP}+"


def painted(limit: Limit, look: Look, now: int, name: Text, *, told: str = "") -> Text:
    """One limit after its name: `━━━━╸    58% 17:30`; one that was reset is not used at all."""
    palette = look.palette
    if limits.is_reset(limit, now):
        return name.append(f" {'':{BAR}} reset", palette.muted)
    style = palette.bad if limit.used >= 100 else palette.warn if limit.used >= limits.NEARLY else palette.primary
    line = name.append(" ").append(bar(limit.used / 100, BAR, look.glyphs).ljust(BAR), style)
    line.append(f" {limit.used:>3.0f}%", palette.text if style == palette.primary else f"bold {style}")
    end = limits.ends_at(limit)
    return line.append(f" {told}{limits.clock(end, now, look.zone)}" if end is not None else "", palette.muted)


def row(standing: Sequence[Limit], look: Look, now: int, width: int) -> Text:
    """As many limits as one row has room for; the rest is counted."""
    whole = _joined(standing, look, now, width, told="until ")
    return whole if whole.cell_len <= width and REST not in whole.plain else _joined(standing, look, now, width)


def _joined(standing: Sequence[Limit], look: Look, now: int, width: int, told: str = "") -> Text:
    names = (Text(look.name(limits.title(limit)), look.palette.text) for limit in standing)
    parts = [painted(limit, look, now, name, told=told) for limit, name in zip(standing, names, strict=True)]
    shown = Text("", no_wrap=True)
    for place, part in enumerate(parts):
        left = len(parts) - place - 1
        room = width - shown.cell_len - len(GAP) - (len(f"{REST}{left}") if left else 0)
        if place and part.cell_len > room:
            return shown.append(f"{REST}{left + 1}", look.palette.muted)
        shown.append(GAP if place else " ").append_text(part)
    return shown
