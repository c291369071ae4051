"""What the Health page lists: which entries a search leaves, and in which order; what needs somebody comes first."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tokenmon import limits as official
from tokenmon.alerts import ALIKE, RULES, too_many
from tokenmon.doubts import DOUBTS, Doubt
from tokenmon.events import Limit
from tokenmon.store.answers import AlertRow, DialectHealth, Health, RejectSample, SourceHealth, Unpriced
from tokenmon.store.search import found_among

REJECTS = 40
"""Invalid lines that are listed, the newest."""

FINE = "rules"
"""In place of a kind: the rules that call for nothing."""


class Doubted(NamedTuple):
    """Calls of a dialect that may be doubted in one way."""

    dialect: str
    doubt: Doubt
    calls: int


@dataclass(frozen=True)
class Entries:
    """Everything that can be walked to, by the key of its part, in the order of the page."""

    alerts: Mapping[str, AlertRow] = field(default_factory=dict)
    """Those that stand: firing first, then those that inform, then those that were seen."""
    seen: frozenset[str] = frozenset()
    """Keys of alerts that were acknowledged."""
    fine: tuple[tuple[str, str], ...] = ()
    """Kind of a rule that calls for nothing, and what is true instead."""
    limits: Mapping[str, Limit] = field(default_factory=dict)
    """Official limits, the most used first."""
    sources: Mapping[str, SourceHealth] = field(default_factory=dict)
    rejects: Mapping[str, RejectSample] = field(default_factory=dict)
    excerpts: Mapping[str, str] = field(default_factory=dict)
    """What opened invalid lines hold."""
    unpriced: Mapping[str, Unpriced] = field(default_factory=dict)
    dialects: Mapping[str, DialectHealth] = field(default_factory=dict)
    doubted: Mapping[str, Doubted] = field(default_factory=dict)
    """Of those dialects."""
    opened: frozenset[str] = frozenset()
    """Keys of dialects that show why lines are invalid, and of kinds of alerts that are listed whole."""

    @property
    def folded(self) -> Mapping[str, tuple[str, ...]]:
        """Keys of alerts that are not listed, by the key of what stands for them, unless that was opened."""
        alike = too_many(
            ((alert.kind, alert.state == "firing"), key) for key, alert in self.alerts.items() if key not in self.seen
        )
        folds = {more(f"{kind}, firing" if fires else kind): keys for (kind, fires), keys in alike.items()}
        return {fold: keys for fold, keys in folds.items() if fold not in self.opened}

    @property
    def holds_rules_back(self) -> bool:
        """Whether the rules that call for nothing are told together: they would push down what does."""
        return len(self.fine) > ALIKE and more(FINE) not in self.opened

    @property
    def closed(self) -> frozenset[str]:
        """Keys of what stands for several entries, and lists them when it is opened."""
        return frozenset((*self.folded, *([more(FINE)] if self.holds_rules_back else [])))

    @classmethod
    def of(
        cls,
        health: Health,
        search: str,
        now: int,
        is_seen: Callable[[AlertRow], bool],
        excerpts: Mapping[str, str],
        opened: Iterable[str] = (),
    ) -> "Entries":
        """Those that hold the words of a search."""
        dialects = [each for each in health.dialects if found_among(_words_of(each), search)]
        standing = [alert for alert in health.alerts if alert.state != "ok"]
        alerts = sorted(standing, key=lambda alert: (is_seen(alert), alert.state != "firing", -alert.since))
        sources = sorted(health.sources, key=lambda source: source.state(now) == "fresh")
        return cls(
            alerts={
                _key_of(alert): alert
                for alert in alerts
                if found_among((alert.title, alert.subject, alert.kind), search)
            },
            seen=frozenset(_key_of(alert) for alert in standing if is_seen(alert)),
            fine=tuple(
                (rule.kind, rule.fine)
                for rule in RULES
                if found_among((rule.kind, rule.fine), search) and all(alert.kind != rule.kind for alert in standing)
            ),
            limits={
                f"limit {limit.dialect} {limit.plan} {limit.name}": limit
                for limit in official.standing(health.limits, now)
                if found_among((official.title(limit), limit.plan, limit.name), search)
            },
            sources={
                f"source {source.path}": source
                for source in sources
                if found_among((source.path, source.dialect, source.error), search)
            },
            rejects={
                f"line {reject.offset} {reject.source_path}": reject
                for reject in health.rejects[:REJECTS]
                if found_among((reject.source_path, reject.reason), search)
            },
            excerpts=excerpts,
            unpriced={
                f"model {each.model} {each.provider} {each.tier}": each
                for each in health.unpriced
                if found_among((each.model, each.provider), search)
            },
            dialects={f"dialect {each.dialect}": each for each in dialects},
            doubted={
                f"doubt {each.dialect} {doubt.name}": Doubted(each.dialect, doubt, count)
                for each in dialects
                for doubt, count in zip(DOUBTS, each.doubts, strict=True)
                if count
            },
            opened=frozenset(opened),
        )


def more(kind: str) -> str:
    """The key of what stands for folded alerts of a kind."""
    return f"more {kind}"


def _words_of(dialect: DialectHealth) -> tuple[str, ...]:
    """What a search looks into."""
    reasons = (reason for reason, _ in dialect.reasons)
    return (dialect.dialect, *reasons, *(d.name for d, n in zip(DOUBTS, dialect.doubts, strict=True) if n))


def _key_of(alert: AlertRow) -> str:
    return f"alert {alert.id}"
