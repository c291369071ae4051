"""The compiled price table: a small JSON file in the cache, because genai-prices takes 100 ms and 40 MB to import.

`compile` makes it, in a process of its own, once per version of genai-prices; this module only reads it. Rates are
exact decimal text, turned into integers when a model is first seen, so that loading thousands of models stays cheap.
"""

import os
import re
import sys
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import msgspec

from tokenmon import directories
from tokenmon.errors import TokenmonError
from tokenmon.pricing.rates import ALWAYS, NOTHING, UNKNOWN, Offer, Plan, Rates, Span, per_item, per_token

FORMAT = 1
"""Grows whenever this layout, what `compile` puts into it, or how a name is looked up in it changes."""

_METADATA = r"genai_prices-([^-]+)\.dist-info"
"""The name of the directory that every installer makes beside the package (packaging.python.org, recorded projects)."""

COMPILE_SECONDS = 120
"""Longest time the compilation may take."""

NO_PRICE = -1
"""Index of a window in which nothing is offered."""


class TierRow(msgspec.Struct, array_like=True, frozen=True):
    """USD per million tokens as decimal text; None where the class has no price."""

    above: int
    input: str | None
    cache_read: str | None
    cache_write_5m: str | None
    cache_write_1h: str | None
    output: str | None


class PriceRow(msgspec.Struct, array_like=True, frozen=True):
    """One offer."""

    tiers: tuple[TierRow, ...]
    """Highest threshold first."""
    request: str | None
    """USD per thousand requests."""
    search: str | None
    """USD per thousand web searches."""


class PeriodRow(msgspec.Struct, array_like=True, frozen=True):
    """One span of time."""

    since: int | None
    """UTC milliseconds; None: always."""
    windows: tuple[tuple[int, int], ...]
    """(start in milliseconds after midnight UTC, index into `prices` or NO_PRICE), latest first."""


class ModelRow(msgspec.Struct, array_like=True, frozen=True):
    """One model of one provider."""

    provider: str
    model: str
    tiers: dict[str, tuple[PeriodRow, ...]]
    """Service tier (empty: standard) to periods, newest first."""


class Table(msgspec.Struct, frozen=True):
    """Everything that was compiled."""

    format: int
    version: str
    """Of genai-prices."""
    date: str
    """Newest date, not in the future, at which the table says that a price began; ISO."""
    left_out: int
    """Models that have prices which our rows cannot tell exactly; unknown here, so never wrong."""
    unpriced: int
    """Models listed without any price of a token."""
    prices: tuple[PriceRow, ...]
    models: tuple[ModelRow, ...]
    keys: dict[str, dict[str, int]]
    """Provider to lower-case name to index into `models`."""
    fallbacks: dict[str, tuple[str, ...]]
    """Provider to others whose models it sells at their standard price, by genai-prices' own account."""

    def find(self, provider: str, name: str) -> ModelRow | None:
        """The model that a provider lists under exactly this lower-case name."""
        index = self.keys.get(provider, {}).get(name)
        return None if index is None else self.models[index]

    def plan(self, row: ModelRow, tier: str) -> Plan:
        """A model's prices in one service tier; unknown where the table has none for it."""
        periods = row.tiers.get(tier)
        if periods is None:
            return UNKNOWN
        return tuple(self._span(row, period) for period in periods)

    def _span(self, row: ModelRow, period: PeriodRow) -> Span:
        since = ALWAYS if period.since is None else period.since
        windows = tuple((start, self._offer(index)) for start, index in period.windows)
        offer = windows[-1][1]
        known = bool(offer.tiers)
        return Span(
            since,
            offer,
            windows if len(windows) > 1 else (),
            f"{row.provider}/{row.model}" if known else "",
            f"genai-prices {self.version}" if known else "",
        )

    def _offer(self, index: int) -> Offer:
        if index == NO_PRICE:
            return NOTHING
        row = self.prices[index]
        return Offer(
            tuple(
                Rates(
                    tier.above,
                    _rate(tier.input),
                    _rate(tier.cache_read),
                    _rate(tier.cache_write_5m),
                    _rate(tier.cache_write_1h),
                    _rate(tier.output),
                )
                for tier in row.tiers
            ),
            0 if row.request is None else per_item(Decimal(row.request)),
            None if row.search is None else per_item(Decimal(row.search)),
        )


def _rate(text: str | None) -> int | None:
    return None if text is None else per_token(Decimal(text))


def installed_version() -> str:
    """The version of genai-prices, without importing it."""
    for entry in sys.path:
        found = [match[1] for name in _names_in(entry) if (match := re.fullmatch(_METADATA, name))]
        if len(found) == 1:
            return found[0]
        if found:
            break
    from importlib.metadata import PackageNotFoundError, version  # 10 ms for an installation out of the ordinary

    try:
        return version("genai-prices")
    except PackageNotFoundError:
        raise TokenmonError("genai-prices is not installed", "install tokenmon-tui with its dependencies") from None


def _names_in(directory: str) -> list[str]:
    """What is in a directory of modules; nothing where it is none."""
    try:
        return os.listdir(directory or os.curdir)
    except OSError:
        return []


def open_table(cache_dir: Path) -> Table:
    """The table for the installed genai-prices: from the cache, else compiled into it, else into a temporary place."""
    wanted = installed_version()
    path = cache_dir / f"prices-{wanted}-{FORMAT}.json"
    table = _read(path, wanted)
    if table is None and _can_write(cache_dir):
        with suppress(TokenmonError):  # a full disk, for one; the temporary place will tell
            _compile(path)
            table = _read(path, wanted)
    if table is None:
        import tempfile  # slow to load, as the modules below

        with tempfile.TemporaryDirectory(prefix="tokenmon-") as place:
            path = Path(place, "prices.json")
            _compile(path)
            table = _read(path, wanted)
    if table is None:
        raise TokenmonError("the price table cannot be compiled", "reinstall genai-prices")
    return table


def _read(path: Path, wanted: str) -> Table | None:
    """The table in a file, None where there is none or it is not what we would have written."""
    try:
        table = msgspec.json.decode(path.read_bytes(), type=Table)
    except (OSError, msgspec.DecodeError):
        return None
    return table if (table.format, table.version) == (FORMAT, wanted) else None


def _can_write(directory: Path) -> bool:
    import tempfile

    try:
        directories.make(str(directory))
        with tempfile.TemporaryFile(dir=directory):
            return True
    except OSError:
        return False


def _compile(path: Path) -> None:
    """Run `compile` with our own import path (and not the working directory's modules), as genai-prices stays out."""
    import subprocess

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry or os.getcwd() for entry in sys.path)}
    command = [sys.executable, "-P", "-m", "tokenmon.pricing.compile", str(path)]
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=COMPILE_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TokenmonError(f"the price table cannot be compiled: {error}") from error
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise TokenmonError(f"the price table cannot be compiled: {last}", "reinstall genai-prices")
