"""What the Health page lists: which entries a search leaves, and in which order; what needs somebody comes first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tokenmon import limits as official
from tokenmon.alerts import RULES
from tokenmon.events import Limit
from tokenmon.store.answers import AlertRow, Health, RejectSample, SourceHealth, Unpriced
from tokenmon.store.search import found_among

REJECTS = 40
"""Invalid lines that are listed, the newest."""


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

    @classmethod
    def of(
        cls,
        health: Health,
        search: str,
        now: int,
        is_seen: Callable[[AlertRow], bool],
        excerpts: Mapping[str, str],
    ) -> "Entries":
        """Those that hold the words of a search."""
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
            unpriced={f"model {each.model}": each for each in health.unpriced if found_among((each.model,), search)},
        )


def _key_of(alert: AlertRow) -> str:
    return f"alert {alert.id}"
