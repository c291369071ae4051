"""What deserves a person's attention, decided from what was committed. Pure: facts in, alerts out.

An alert that *fires* makes `tokenmon status` exit with 1; one that only informs does not, which is why invalid
lines and unpriced models inform.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Literal, TypeVar

from tokenmon.limits import NEARLY as NEARLY_ALL
from tokenmon.text import many

Told = TypeVar("Told")


@dataclass(frozen=True)
class Alert:
    """Something to be told, once per kind and subject."""

    kind: str
    """What sort of thing it is, in two words."""
    subject: str
    """What it is about: a source's path, a model."""
    severity: Literal["info", "warning", "critical"]
    """Anything above info fires."""
    title: str
    """One sentence for people."""
    count: int = 1


@dataclass(frozen=True)
class SourceFacts:
    """What the rules look at of one source."""

    path: str
    rejects: int
    last_reason: str
    disagrees: int
    expired: int
    lost_bytes: int
    lookalikes: int = 0
    """Records that look like usage and that no dialect reads."""


@dataclass(frozen=True)
class BudgetFacts:
    """How the budget of the present period is used."""

    budget: str
    """As it is set: `150/month`."""
    used: float
    """Share of it, 1 is all of it."""
    used_up: str
    """When all of it is used at the pace of the period so far, for people; empty where it lasts."""


@dataclass(frozen=True)
class LimitFacts:
    """How much of an official limit is used, as its provider last said."""

    limit: str
    """Whose it is and which: `codex 5h`."""
    used: float
    """Percent of it."""
    whole_again: str
    """When it is reset, for people; empty where that is not known."""


@dataclass(frozen=True)
class TwiceFacts:
    """Calls of one producer that two dialects tell of the same two weeks."""

    integration: str
    dialects: tuple[str, str]
    calls: int
    """As many as both tell."""


@dataclass(frozen=True)
class Facts:
    """What was committed, and what the ingester cannot do, as far as the rules look at it."""

    sources: tuple[SourceFacts, ...] = ()
    """Only those with anything to tell."""
    unpriced: tuple[tuple[str, int], ...] = ()
    """Model and requests."""
    failures: tuple[tuple[str, str], ...] = ()
    """Path that cannot be read at the moment, and why."""
    dialects: tuple[tuple[str, int], ...] = ()
    """Dialect and how many sources it read that are still there."""
    known: tuple[str, ...] | None = None
    """Dialects that lines can be read with now; None where that is not told."""
    missing: tuple[str, ...] = ()
    """Paths to read that are not there at the moment."""
    trouble: tuple[str, ...] = ()
    """What else does not work, such as watching for changes."""
    budget: BudgetFacts | None = None
    """None where none is set."""
    limits: tuple[LimitFacts, ...] = ()
    """Official limits whose windows have not ended."""
    twice: tuple[TwiceFacts, ...] = ()
    """What may be counted twice, the most calls first."""
    log_bytes: int = 0
    """What readers keep in the database's write-ahead log."""
    network: str = ""
    """The file system that the database is on where other machines serve it: `nfs4`."""
    entries: int = 0
    """Directory entries that were looked at in the last whole pass."""
    looks: int = 1
    """In how many parts."""


UNPRICED_MODEL = "unpriced model"
"""The kind of the alerts about models without a price."""

LARGE_LOG = 256 << 20
"""Bytes; four times as large as a log stays once it is written back."""

NEARLY = 0.8
"""Share of a budget from which it is told; it fires when all of it is used."""


@dataclass(frozen=True)
class Rule:
    """One kind of alert."""

    kind: str
    """The kind of every alert that it calls for."""
    fine: str
    """What is true while it calls for none."""
    alerts: Callable[[Facts], Iterable[Alert]]
    """What facts call for."""


def _invalid_lines(facts: Facts) -> Iterable[Alert]:
    for source in facts.sources:
        if source.rejects:
            title = f"{many(source.rejects, 'invalid line')}, last: {source.last_reason or 'not kept'}"
            yield Alert("invalid lines", source.path, "info", title, source.rejects)


def _failing_source(facts: Facts) -> Iterable[Alert]:
    for path, reason in facts.failures:
        yield Alert("source fails", path, "critical", f"cannot be read: {reason}")


def _missing_path(facts: Facts) -> Iterable[Alert]:
    for path in facts.missing:
        yield Alert("path missing", path, "info", "is not there at the moment; it is read again when it comes back")


def _unpriced_model(facts: Facts) -> Iterable[Alert]:
    for model, requests in facts.unpriced:
        title = f"no price is known; the cost of {many(requests, 'request')} is not counted"
        yield Alert(UNPRICED_MODEL, model, "info", title, requests)


def _looks_like_usage(facts: Facts) -> Iterable[Alert]:
    for source in facts.sources:
        if source.lookalikes:
            title = "looks like usage, no dialect reads it; try `tokenmon dialects --try FILE`"
            yield Alert("unread usage", source.path, "info", title, source.lookalikes)


def _missing_format(facts: Facts) -> Iterable[Alert]:
    for dialect, sources in facts.dialects:
        if facts.known is not None and dialect not in facts.known:
            title = (
                f"{many(sources, 'file')} read with the format {dialect}, which is not known any more; "
                f"new lines wait until config.toml has [formats.{dialect}] again"
            )
            yield Alert("format missing", dialect, "info", title, sources)


def _totals_disagree(facts: Facts) -> Iterable[Alert]:
    for source in facts.sources:
        if source.disagrees:
            title = f"{many(source.disagrees, 'line')} with a total that is not the sum of its parts; the parts count"
            yield Alert("totals disagree", source.path, "info", title, source.disagrees)


def _expired_events(facts: Facts) -> Iterable[Alert]:
    for source in facts.sources:
        if source.expired:
            title = f"{many(source.expired, 'event')} older than what is kept, not stored"
            yield Alert("expired events", source.path, "info", title, source.expired)


def _lost_bytes(facts: Facts) -> Iterable[Alert]:
    for source in facts.sources:
        if source.lost_bytes:
            title = f"{many(source.lost_bytes, 'byte')} went away unread"
            yield Alert("bytes lost", source.path, "info", title, source.lost_bytes)


def _trouble(facts: Facts) -> Iterable[Alert]:
    for text in facts.trouble:
        yield Alert("ingester", text, "warning", text)


def _large_log(facts: Facts) -> Iterable[Alert]:
    if facts.log_bytes >= LARGE_LOG:
        title = (
            f"the database's log has grown to {facts.log_bytes >> 20:,} MiB, as somebody has been reading for long; "
            f"it shrinks when they end, such as an open `sqlite3` or a backup"
        )
        yield Alert("large log", "", "warning", title)


def _network_disk(facts: Facts) -> Iterable[Alert]:
    if facts.network:
        title = (
            f"the database is on a network file system ({facts.network}); use it from this machine only, "
            f"or name a place on its own disk with --db"
        )
        yield Alert("network disk", "", "info", title)


def _many_entries(facts: Facts) -> Iterable[Alert]:
    if facts.looks > 1:
        title = (
            f"{facts.entries:,} directory entries are looked at in {facts.looks:,} parts, so a new log is found later; "
            f"`entries_per_cycle` looks at more at once, `--exclude` at fewer"
        )
        yield Alert("many entries", "", "info", title, facts.entries)


def _budget(facts: Facts) -> Iterable[Alert]:
    budget = facts.budget
    if budget is None or budget.used < NEARLY:
        return
    title = f"{int(100 * budget.used)}% of the budget of {budget.budget} is used"
    if budget.used >= 1:
        yield Alert("budget", budget.budget, "warning", title)
    else:
        pace = f"; at this pace all of it by {budget.used_up}" if budget.used_up else ""
        yield Alert("budget", budget.budget, "info", title + pace)


def _limit(facts: Facts) -> Iterable[Alert]:
    for limit in facts.limits:
        if limit.used >= NEARLY_ALL:
            reset = f", reset {limit.whole_again}" if limit.whole_again else ""
            title = f"{limit.limit} limit: {int(limit.used)}% used{reset}"
            yield Alert("limit", limit.limit, "warning" if limit.used >= 100 else "info", title)


def _told_twice(facts: Facts) -> Iterable[Alert]:
    for twice in facts.twice:
        one, other = twice.dialects
        title = (
            f"{many(twice.calls, 'call')} may be counted twice, as {one} and {other} tell of the same weeks; "
            f"`--exclude` leaves logs out, `--without` the usual places of a dialect"
        )
        yield Alert("told twice", f"{twice.integration}: {one}, {other}", "info", title, twice.calls)


RULES: tuple[Rule, ...] = (
    Rule("source fails", "every source can be read", _failing_source),
    Rule("ingester", "nothing hinders the ingester", _trouble),
    Rule("large log", "the database's log is written back", _large_log),
    Rule("budget", "no budget is nearly used up", _budget),
    Rule("limit", "no official limit is nearly used up", _limit),
    Rule("path missing", "every path to read is there", _missing_path),
    Rule("network disk", "the database is on a disk of this machine", _network_disk),
    Rule("many entries", "one look takes in every directory", _many_entries),
    Rule("bytes lost", "nothing went away unread", _lost_bytes),
    Rule("format missing", "every format that was read is known", _missing_format),
    Rule("unread usage", "nothing that looks like usage is unread", _looks_like_usage),
    Rule("told twice", "no calls are told by two dialects", _told_twice),
    Rule(UNPRICED_MODEL, "every model has a price", _unpriced_model),
    Rule("invalid lines", "every line could be read", _invalid_lines),
    Rule("totals disagree", "every logged total is the sum of its parts", _totals_disagree),
    Rule("expired events", "no event was too old to be stored", _expired_events),
)
"""The one list of rules, the gravest first."""

MOST = 100
"""Alerts of one rule that are kept at a time: a thousand sources that fail must not hide that a budget is used up."""

ALIKE, ALIKE_FIRING = 3, 10
"""Alerts of one kind that are told before somebody asks for all of them; more of those that fire."""


def evaluate(facts: Facts, rules: tuple[Rule, ...] = RULES) -> tuple[Alert, ...]:
    """All alerts that these facts call for, the gravest first."""
    return tuple(alert for rule in rules for alert in islice(rule.alerts(facts), MOST))


Alike = tuple[str, bool]
"""A kind, and whether it fires."""


def too_many(alerts: Iterable[tuple[Alike, Told]]) -> dict[Alike, tuple[Told, ...]]:
    """What of alerts is not told: a log of many files has as many that say the same. Where it is one, to say so would
    take as much room as that one.
    """
    alike: dict[Alike, list[Told]] = {}
    for group, alert in alerts:
        alike.setdefault(group, []).append(alert)
    untold: dict[Alike, tuple[Told, ...]] = {}
    for (kind, fires), found in alike.items():
        told = ALIKE_FIRING if fires else ALIKE
        if len(found) > told + 1:
            untold[kind, fires] = tuple(found[told:])
    return untold
