"""Colours and glyphs, each in one table; colour is never the only carrier of a meaning.

Contrast is at least 4.5 for all text on every background that it is painted on, the cursor's row included, and still is
where a terminal has 256 colours and shows the nearest of them; bars and other shapes have at least 3. NO_COLOR needs
the native ANSI mode from the first moment: Textual chooses its filter once, in `App.__init__`, and an ANSI theme set
later comes out black on black.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from textual.theme import Theme


@dataclass(frozen=True)
class Palette:
    """Rich styles by meaning."""

    theme: str
    """Name of the Textual theme that goes with them."""
    faint: str
    """Series of a chart while another one is chosen."""
    text: str
    muted: str
    primary: str
    good: str
    warn: str
    bad: str
    selected: str
    """The chosen tab and range."""
    series: tuple[str, ...]
    """Colours of the chart's series by rank; the last one is for the rest."""

    @property
    def coloured(self) -> bool:
        """Whether series differ by colour; else they differ by their fill."""
        return any(self.series)


DARK = Palette(
    theme="tokenmon-dark",
    faint="#5f6873",
    text="#dfe5ec",
    muted="#9aa5b1",
    primary="#6cb6ff",
    good="#7ee787",
    warn="#e3b341",
    bad="#ff7b72",
    selected="bold #0f1216 on #6cb6ff",
    series=("#6cb6ff", "#ffa657", "#7ee787", "#f778ba", "#d2a8ff", "#56d4dd", "#e6d34f", "#8b949e"),
)
LIGHT = Palette(
    theme="tokenmon-light",
    faint="#8c959f",
    text="#1f2328",
    muted="#505a64",
    primary="#0550ae",
    good="#116329",
    warn="#6e4600",
    bad="#b3261e",
    selected="bold #ffffff on #0550ae",
    series=("#0969da", "#bc4c00", "#147a14", "#bf3989", "#8250df", "#15707a", "#6b6b00", "#6e7781"),
)
ANSI = Palette(
    theme="ansi-dark",
    faint="bright_black",
    text="",
    muted="",
    primary="bold blue",
    good="green",
    warn="yellow",
    bad="red",
    selected="bold reverse",
    series=("blue", "bright_yellow", "green", "magenta", "cyan", "red", "yellow", "bright_black"),
)
PLAIN = Palette(
    theme="ansi-dark",
    faint="",
    text="",
    muted="",
    primary="bold",
    good="",
    warn="bold",
    bad="bold",
    selected="bold reverse",
    series=("",) * 8,
)
"""NO_COLOR: bold and reverse only."""


def _variables(*, cursor: str, on_cursor: str, hover: str, bar: str, groove: str) -> dict[str, str]:
    """Textual would mix these from others, without looking at the contrast."""
    return {
        "block-cursor-background": cursor,
        "block-cursor-foreground": on_cursor,
        "block-cursor-blurred-background": cursor,
        "block-cursor-blurred-foreground": on_cursor,
        "block-hover-background": hover,
        "input-selection-background": cursor,
        "screen-selection-background": cursor,
        "scrollbar": bar,
        "scrollbar-hover": bar,
        "scrollbar-active": bar,
        "scrollbar-background": groove,
        "scrollbar-background-hover": groove,
        "scrollbar-background-active": groove,
    }


THEMES = (
    Theme(
        name=DARK.theme,
        primary="#6cb6ff",
        secondary="#30405a",
        warning=DARK.warn,
        error=DARK.bad,
        success=DARK.good,
        accent="#6cb6ff",
        foreground=DARK.text,
        background="#0f1216",
        surface="#0f1216",
        panel="#1c232b",
        variables=_variables(cursor="#1b2f4f", on_cursor="#ffffff", hover="#161d28", bar="#66768a", groove="#1c232b"),
    ),
    Theme(
        name=LIGHT.theme,
        primary="#0550ae",
        secondary="#c9d8ea",
        warning=LIGHT.warn,
        error=LIGHT.bad,
        success=LIGHT.good,
        accent="#0550ae",
        foreground=LIGHT.text,
        background="#ffffff",
        surface="#ffffff",
        panel="#eaeef2",
        dark=False,
        variables=_variables(cursor="#cfe0f5", on_cursor="#000000", hover="#eef4fb", bar="#6e7781", groove="#eaeef2"),
    ),
)
"""Textual themes of our own; the ANSI ones are built in."""


def palette_for(theme: str, environment: Mapping[str, str]) -> Palette:
    """The palette for `--theme`; `auto` goes by COLORFGBG and is dark where nothing tells."""
    if "NO_COLOR" in environment:
        return PLAIN
    if theme == "auto":
        background = environment.get("COLORFGBG", "").rpartition(";")[2]
        return LIGHT if background in ("7", "15") else DARK
    return {"dark": DARK, "light": LIGHT, "ansi": ANSI}[theme]


@dataclass(frozen=True)
class Glyphs:
    """Every sign on the screen that is not ASCII, with its twin in the other table."""

    up: str = "▲"
    down: str = "▼"
    same: str = "·"
    live: str = "●"
    empty: str = "○"
    paused: str = "‖"
    error: str = "✕"
    close: str = "✕"
    """After a chip, which Esc takes away."""
    reading: str = "↻"
    late: str = "◐"
    alone: str = "◌"
    ok: str = "✓"
    unknown: str = "?"
    approximately: str = "~"
    bar: str = "━"
    half_bar: str = "╸"
    swatch: str = "■"
    chosen: str = "▸"
    """Before the row that everything is narrowed to, and before the bin that is read out."""
    levels: str = "▁▂▃▄▅▆▇█"
    """Of a sparkline, least first."""
    descending: str = "▾"
    ascending: str = "▴"
    ellipsis: str = "…"
    dash: str = "—"
    dot: str = "·"
    corner: str = "└"
    axis: str = "│"
    axis_mark: str = "┤"
    base: str = "─"
    base_mark: str = "┬"
    base_gap: str = "╌"
    """Where nothing was collected."""
    pointer: str = "▲"
    """Below the bin under the cursor, whose column is the rule."""
    rule: str = "┊"
    arrows: str = "←→"
    block: str = "█"
    quarters: str = " ▖▗▄▘▌▚▙▝▞▐▟▀▛▜█"
    """Cells of a line; bits are left and right below, left and right above."""
    fills: tuple[str, ...] = ("█", "▓", "▒", "░", "#", "=", "+", ".")
    """Fills of the chart's series where colours cannot tell them apart."""


UNICODE = Glyphs()
ASCII = Glyphs(
    up="+",
    down="-",
    same=".",
    live="*",
    empty="o",
    paused="||",
    error="x",
    close="x",
    reading="~",
    late="!",
    alone="!",
    ok="*",
    bar="=",
    half_bar="-",
    swatch="#",
    chosen=">",
    levels="_.,:-=+#",
    descending="v",
    ascending="^",
    ellipsis="*",  # `~` is the home directory, and `about`
    dash="-",
    dot=".",
    corner="+",
    axis="|",
    axis_mark="+",
    base="-",
    base_mark="+",
    base_gap=".",
    pointer="^",
    rule="|",
    arrows="<>",
    block="#",
    quarters=" " + "#" * 15,
    fills=("#", "%", "@", "=", "+", "o", ":", "."),
)


def glyphs_for(ascii_only: bool, environment: Mapping[str, str]) -> Glyphs:
    """ASCII where it is asked for, or where locale or terminal cannot show more."""
    locale = next((environment[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(name)), "UTF-8")
    narrow = "utf-8" not in locale.lower() and "utf8" not in locale.lower()
    return ASCII if ascii_only or narrow or environment.get("TERM") in ("linux", "dumb") else UNICODE
