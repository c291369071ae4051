"""What the store answers: frozen values, free of SQLite, that every face draws or prints.

What comes by the hundred is a Struct, which is made ten times as fast as a dataclass.
"""

from dataclasses import dataclass, field
from typing import Literal

from msgspec import Struct

from tokenmon.doubts import DOUBTS
from tokenmon.events import Limit, Names
from tokenmon.source import Kind


class Sums(Struct, frozen=True):
    """Totals over a set of events. A count is None when no event of the set reported it."""

    requests: int = 0
    errors: int = 0
    input: int | None = None
    cache_read: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    output: int | None = None
    reasoning: int | None = None
    total: int = 0
    """All billed tokens."""
    cost: int | None = None
    """Sum of the shown costs that are known, nano-USD: logged, else list. None only when none is; 0 for no events."""
    cost_logged: int | None = None
    cost_list: int | None = None
    """List price of all calls that have one, the logged ones too."""
    unpriced: int = 0
    """Requests with neither a logged nor a list cost."""
    assumed: int = 0
    """Requests whose model the log does not name."""
    unpriced_total: int = 0
    """All billed tokens of those."""
    both: int = 0
    """Requests with a logged and a list cost: only these can be compared."""
    both_logged: int = 0
    """What was logged for them, nano-USD."""
    both_list: int = 0
    """Their list price, nano-USD."""
    only_logged: int = 0
    """Requests with a logged cost and no list price."""
    cache_base: int | None = None
    """Input, cache reads and writes of the events that report cache reads: what a hit ratio is a share of."""
    first: int | None = None
    """Time of the first event, UTC milliseconds; None where it was not asked for."""
    last: int | None = None

    @property
    def only_listed(self) -> int:
        """Requests with a list price and no logged cost."""
        return self.requests - self.unpriced - self.both - self.only_logged

    @property
    def difference(self) -> int | None:
        """How much more was logged than listed for the requests that have both, nano-USD; None where none has."""
        return self.both_logged - self.both_list if self.both else None

    @property
    def difference_ratio(self) -> float | None:
        """The same as a share of the list price; None where that is nothing."""
        return None if self.difference is None or not self.both_list else self.difference / self.both_list


class Group(Struct, frozen=True):
    """One row of a breakdown."""

    values: tuple[str | None, ...]
    """One per dimension, None where missing; buckets as text: `2026-11-20`, `2026-W47`, `2026-11-20T14:00+01:00`."""
    sums: Sums


@dataclass(frozen=True)
class Breakdown:
    """Groups in the order asked for, cut to a limit by that order."""

    groups: tuple[Group, ...]
    groups_total: int
    """How many there are; where `bounded`, in the newest 5,000 buckets."""
    truncated: bool
    """Not all groups are here: beyond the limit, or `bounded`."""
    totals: Sums
    """Over everything in the view, cut or not."""
    snapped: bool = False
    """An edge was older than the events and moved to the finest roll-up left."""
    bounded: bool = False
    """There are more than 5,000 buckets: groups of the older ones are in the totals only."""


@dataclass(frozen=True)
class ChartSeries:
    """One line of the chart."""

    label: str
    """A value of the dimension; empty where it is missing; `Other (n)` for the rest."""
    costs: tuple[int, ...]
    """Shown cost per bin, nano-USD."""
    tokens: tuple[int, ...]
    requests: tuple[int, ...]


@dataclass(frozen=True)
class Chart:
    """Bins of a view by one dimension, largest series first, the rest as Other."""

    edges: tuple[int, ...]
    """UTC milliseconds; bin i is [edges[i], edges[i+1])."""
    series: tuple[ChartSeries, ...]


@dataclass(frozen=True)
class Collected:
    """Of which time anything can be known."""

    first: int
    """Time of the first event, UTC milliseconds."""
    until: int | None
    """When whoever ingests was last seen, or the last event was if it is later; None while somebody ingests."""
    rolled: int | None
    """Before this only roll-ups are left, of whole hours at best."""


class StoredEvent(Struct, frozen=True):
    """One event as it was stored."""

    id: str
    """What `explain` takes: time and identity in hex, `ts-h`."""
    ts: int
    names: Names
    input: int
    cache_read: int | None
    cache_write_5m: int | None
    cache_write_1h: int | None
    output: int
    reasoning: int | None
    cost: int | None
    cost_logged: int | None
    cost_list: int | None
    cost_kind: str
    """logged, list or unknown."""
    priced_as: str
    assumed: bool
    streamed: bool | None
    basis: str
    web_searches: int
    session: str
    source_path: str
    source_offset: int
    status: int | None
    is_error: bool
    latency_ms: int | None
    ttft_ms: int | None
    source_kind: Kind = "lines"
    line_hash: int | None = None
    """CRC-32 of the line, the record or what was told, where the producer may write the call again."""
    request_id: str | None = None
    """None where the log is an agent's: read the line to know."""
    error: str | None = None
    metadata: str | None = None
    doubts: tuple[str, ...] = ()
    """What may be doubted about it, by the names of `doubts.DOUBTS`."""


Why = Literal["echo", "replay", "tokens", "speed", "time", "known", "file"]
"""In what a copy of a call is less than the line that counts: it is telemetry's account or a side chain's replay, has
fewer tokens, does not tell the speed, is earlier; or it says the same and came later, or stands in a copy of the whole
file."""


class Copy(Struct, frozen=True):
    """Another place where a call was seen."""

    path: str
    kind: Kind
    offset: int
    why: Why
    """What makes the other line count."""


@dataclass(frozen=True)
class EventPage:
    """Events, newest first."""

    events: tuple[StoredEvent, ...]
    more: str | None
    """Cursor (`ts-h`) of the last event where older ones follow; pass it as `before`."""


class SessionRow(Struct, frozen=True):
    """What a view counts of one session."""

    name: str
    requests: int
    errors: int
    total: int
    """All billed tokens."""
    cost: int | None
    """Shown costs that are known, nano-USD; None where none is."""
    unpriced: int
    """Requests with neither a logged nor a list cost."""
    first: int
    """Time of the first call, UTC milliseconds."""
    last: int
    models: tuple[str, ...]
    """Those of most requests, at most five; none where its events were pruned."""
    models_total: int
    project: str
    """That of most requests; empty where the log does not say."""


@dataclass(frozen=True)
class SessionPage:
    """Sessions in the order asked for, cut to a limit by that order."""

    sessions: tuple[SessionRow, ...]
    sessions_total: int
    truncated: bool
    totals: Sums
    """Over everything in the view: all sessions, cut or not, and `without`."""
    without: Sums
    """Requests, errors, tokens and costs of calls that belong to no session."""
    snapped: bool = False
    """An edge was older than the events that are kept."""


@dataclass(frozen=True)
class RejectSample:
    """An invalid line, by place."""

    source_path: str
    offset: int
    length: int
    reason: str
    at: int
    """When it was seen, UTC milliseconds."""


LATE_MS = 30_000
"""How long known bytes may wait before their source is late."""


NONE_DOUBTED = (0,) * len(DOUBTS)


@dataclass(frozen=True)
class SourceHealth:
    """One source as Health and `status` show it."""

    path: str
    dialect: str
    offset: int
    size: int
    events: int
    skipped: int
    rejects: int
    duplicates: int
    expired: int
    lost_bytes: int
    unclaimed: int
    """Records that no dialect claims."""
    gone: bool
    last_event: int | None
    last_change: int | None
    """Last modification, UTC milliseconds."""
    error: str
    doubts: tuple[int, ...] = NONE_DOUBTED
    """Events that may be doubted, for each of `doubts.DOUBTS`."""
    reasons: tuple[tuple[str, int], ...] = ()
    """Why lines were invalid, and how often, the most frequent first."""

    def lag_ms(self, now_ms: int) -> int:
        """How long unread bytes have waited; 0 where everything is read, or is gone."""
        waits = not self.gone and self.offset < self.size
        return max(0, now_ms - self.last_change) if waits and self.last_change is not None else 0

    def state(self, now_ms: int) -> str:
        """fresh, late or failed; `stale` and `paused` are for sources with a cadence, of which there are none yet."""
        if self.error and not self.gone:
            return "failed"
        return "late" if self.lag_ms(now_ms) > LATE_MS else "fresh"


@dataclass(frozen=True)
class DialectHealth:
    """What became of the lines of all sources that a dialect reads."""

    dialect: str
    """Empty: no dialect is known yet."""
    sources: int
    events: int
    skipped: int
    rejects: int
    duplicates: int
    doubts: tuple[int, ...] = NONE_DOUBTED
    """As in `SourceHealth`."""
    reasons: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class AlertRow:
    """An alert as the store keeps it."""

    id: int
    kind: str
    subject: str
    severity: str
    """info, warning or critical."""
    state: str
    """firing, info or ok."""
    title: str
    count: int
    since: int


@dataclass(frozen=True)
class Unpriced:
    """A model without a price."""

    model: str
    requests: int
    total: int
    provider: str = ""
    tier: str = ""
    """The service tier, where that is what has no price."""


SILENT_MS = 60_000
"""An ingester that gave no sign of life for so long hangs."""


@dataclass(frozen=True)
class Health:
    """Everything about the database and what feeds it."""

    path: str
    size_bytes: int
    events: int
    series: int
    schema_version: int
    ingester_pid: int | None
    """None where nobody ingests."""
    ingester_alive_at: int | None
    """Last sign of life, UTC milliseconds."""
    backlog_bytes: int
    watermark: int | None
    prices_version: str
    prices_date: str
    dirty_hours: int
    sources: tuple[SourceHealth, ...]
    sources_total: int
    alerts: tuple[AlertRow, ...]
    unpriced: tuple[Unpriced, ...]
    rejects: tuple[RejectSample, ...] = field(default=())
    """The newest."""
    places: tuple[tuple[str, str], ...] = ()
    """Directories that were found on this machine: label and path."""
    backfill_bytes: int = 0
    """What the backlog was when the ingester had found everything; 0 where that was not worth telling."""
    limits: tuple[Limit, ...] = ()
    """The newest news of each official limit."""
    held_up: str = ""
    """Why the ingester cannot store anything at the moment; empty where it can."""
    caught_up: bool = False
    """Everything that was found at a start has been read: until then an empty database may just be new."""
    dialects: tuple[DialectHealth, ...] = ()
    """Those that read any source, most events first."""

    def ingester_hangs(self, now_ms: int) -> bool:
        """Whether somebody has the lock but gives no sign of life."""
        alive_at = self.ingester_alive_at
        return self.ingester_pid is not None and alive_at is not None and now_ms - alive_at > SILENT_MS
