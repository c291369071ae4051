"""What is told, and what fires."""

import pytest

from tokenmon.alerts import MOST, RULES, Alert, BudgetFacts, Facts, LimitFacts, SourceFacts, TwiceFacts, evaluate

SOURCE = SourceFacts("/l/a.jsonl", rejects=0, last_reason="", disagrees=0, expired=0, lost_bytes=0)


def _source(**values: object) -> Facts:
    return Facts(sources=(SourceFacts(**({**_fields(SOURCE), **values})),))  # type: ignore[arg-type]


def _fields(source: SourceFacts) -> dict[str, object]:
    return dict(vars(source))


def test_nothing_wrong_is_no_alert() -> None:
    assert evaluate(Facts(sources=(SOURCE,))) == ()


@pytest.mark.parametrize(
    ("facts", "kind", "severity"),
    [
        (_source(rejects=3, last_reason="model is missing"), "invalid lines", "info"),
        (_source(disagrees=1), "totals disagree", "info"),
        (_source(expired=1), "expired events", "info"),
        (_source(lost_bytes=1), "bytes lost", "info"),
        (_source(lookalikes=3), "unread usage", "info"),
        (Facts(dialects=(("acme", 2),), known=("native",)), "format missing", "info"),
        (Facts(unpriced=(("acme", 2),)), "unpriced model", "info"),
        (Facts(twice=(TwiceFacts("bot", ("litellm", "otlp"), 3),)), "told twice", "info"),
        (Facts(missing=("/gone",)), "path missing", "info"),
        (Facts(failures=(("/l/b.jsonl", "permission denied"),)), "source fails", "critical"),
        (Facts(log_bytes=256 << 20), "large log", "warning"),
        (Facts(network="nfs4"), "network disk", "info"),
        (Facts(entries=30_000, looks=3), "many entries", "info"),
        (Facts(trouble=("no inotify watches left",)), "ingester", "warning"),
        (Facts(budget=BudgetFacts("20/day", 0.8, "18:00")), "budget", "info"),
        (Facts(budget=BudgetFacts("20/day", 1.0, "14:00")), "budget", "warning"),
        (Facts(limits=(LimitFacts("codex 5h", 90, "17:30"),)), "limit", "info"),
        (Facts(limits=(LimitFacts("codex 5h", 99.9, "17:30"),)), "limit", "info"),
        (Facts(limits=(LimitFacts("codex 5h", 100, "17:30"),)), "limit", "warning"),
    ],
)
def test_each_trouble_is_told_with_its_weight(facts: Facts, kind: str, severity: str) -> None:
    (alert,) = evaluate(facts)
    assert (alert.kind, alert.severity) == (kind, severity)
    assert [rule.kind for rule in RULES if list(rule.alerts(facts))] == [kind]


def test_a_budget_that_is_far_from_used_up_is_not_told() -> None:
    assert evaluate(Facts(budget=BudgetFacts("20/day", 0.799, "20:00"))) == ()


def test_a_limit_is_told_when_it_is_nearly_used_and_says_until_when() -> None:
    assert evaluate(Facts(limits=(LimitFacts("codex 5h", 89.9, "17:30"),))) == ()
    titles = [evaluate(Facts(limits=(LimitFacts("codex 5h", 91.7, at),)))[0].title for at in ("17:30", "")]
    assert titles == [
        "codex 5h limit: 91% used, reset 17:30",
        "codex 5h limit: 91% used",
    ]


def test_a_budget_says_when_it_will_be_used_up_and_nothing_where_it_lasts() -> None:
    titles = [evaluate(Facts(budget=BudgetFacts("150/month", 0.84, by)))[0].title for by in ("Nov 25", "")]
    assert titles == [
        "84% of the budget of 150/month is used; at this pace all of it by Nov 25",
        "84% of the budget of 150/month is used",
    ]


def test_bad_lines_say_how_many_and_why() -> None:
    (alert,) = evaluate(_source(rejects=1_204, last_reason="model is missing"))
    assert alert == Alert(
        "invalid lines", "/l/a.jsonl", "info", "1,204 invalid lines, last: model is missing", count=1_204
    )


def test_what_fires_comes_before_what_informs() -> None:
    alerts = evaluate(Facts(unpriced=(("acme", 1),), failures=(("/l/b.jsonl", "permission denied"),)))
    assert [alert.kind for alert in alerts] == ["source fails", "unpriced model"]


def test_very_many_alerts_of_one_rule_are_bounded_and_hide_no_other() -> None:
    failures = tuple((f"/l/{n}.jsonl", "permission denied") for n in range(2 * MOST))
    alerts = evaluate(Facts(failures=failures, budget=BudgetFacts("20/day", 1.0, "14:00")))
    assert [alert.kind for alert in alerts] == ["source fails"] * MOST + ["budget"]


def test_every_rule_is_quiet_without_facts() -> None:
    assert [list(rule.alerts(Facts())) for rule in RULES] == [[] for _ in RULES]
