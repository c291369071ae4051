"""What has no price, and what to write down so that it has one: the same wherever it is told."""

import os
from collections.abc import Sequence
from pathlib import Path

from tokenmon.exact import Value, harmless
from tokenmon.report import figures
from tokenmon.report.output import Column, table, terminal_width
from tokenmon.settings import Settings, config_dir
from tokenmon.store.answers import Breakdown, Unpriced
from tokenmon.wanted import wanted

MOST = 20
"""Models that people are shown, those of most requests."""

BY = ("provider", "model", "tier")
"""What a price depends on: dimensions to group by."""


def found_in(breakdown: Breakdown) -> tuple[Unpriced, ...]:
    """What has no price in a breakdown by BY, most requests first."""
    found = [
        Unpriced(model or "", group.sums.unpriced, group.sums.unpriced_total, provider or "", tier or "")
        for group in breakdown.groups
        for provider, model, tier in [group.values]
        if group.sums.unpriced
    ]
    return tuple(sorted(found, key=lambda each: (-each.requests, each.model, each.provider, each.tier)))


def prices_file(settings: Settings) -> Path:
    """Where the user's prices are, or would be."""
    return settings.prices or config_dir(os.environ, Path.home()) / "prices.toml"


def entry(each: Unpriced) -> dict[str, Value]:
    """One of them for scripts."""
    return {
        "model": harmless(each.model) or None,
        "provider": harmless(each.provider) or None,
        "tier": harmless(each.tier) or None,
        "requests": each.requests,
        "total_tokens": each.total,
        "override": "\n".join(wanted(each.model, each.provider, each.tier)) or None,
    }


def plain_lines(unpriced: Sequence[Unpriced], file: Path) -> list[str]:
    """A table of them, and the entries to be filled in; nothing where everything has a price."""
    if not unpriced:
        return []
    shown = unpriced[:MOST]
    columns = [
        Column("Without a price", label=True),
        Column("Provider", label=True),
        *([Column("Tier", label=True)] if any(each.tier for each in shown) else []),
        Column("Requests"),
        Column("Tokens"),
    ]
    rows = [
        [
            each.model or "(none)",
            each.provider or "-",
            *([each.tier or "-"] if len(columns) > 4 else []),
            f"{each.requests:,}",
            figures.short_count(each.total),
        ]
        for each in shown
    ]
    lines = table(columns, rows, None, terminal_width()).splitlines()
    if len(unpriced) > MOST:
        lines.append(f"and {len(unpriced) - MOST:,} more")
    entries = [wanted(each.model, each.provider, each.tier) for each in shown if each.model]
    if entries:
        lines += ["", "To price them, fill this in and add it to", f"{harmless(str(file))}:"]
        lines += [line for lines_of in entries for line in ("", *lines_of)]
    return lines
