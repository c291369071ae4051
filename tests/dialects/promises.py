"""What may come of a line, whatever it was."""

from tokenmon.dialects import Dialect, by_name
from tokenmon.events import MAX_COST, MAX_COUNT, Event, Limit, Parsed, Reject


def check(parsed: Parsed, dialect: Dialect) -> None:
    """Whatever a line was, this is what may come of it."""
    if parsed is None:
        return
    for event in parsed if isinstance(parsed, tuple) else (parsed,):
        if isinstance(event, Reject):
            assert event.reason
            assert len(event.reason) < 120
            continue
        if isinstance(event, Limit):
            check_limit(event)
            continue
        if isinstance(event, Reject):
            check(event, dialect)
            continue
        assert isinstance(event, Event)
        counts = (event.cache_read, event.cache_write_5m, event.cache_write_1h, event.reasoning)
        assert all(type(count) is int and 0 <= count <= MAX_COUNT for count in (event.input, event.output))
        assert all(count is None or (type(count) is int and 0 <= count <= MAX_COUNT) for count in counts)
        assert event.cost_logged is None or 0 <= event.cost_logged <= MAX_COST
        assert 946_684_800_000 <= event.ts < 4_133_980_800_000
        assert event.names.dialect == dialect.name
        assert event.names.host == ""
        for text in (*event.names, event.session, event.metadata, event.error, event.request_id):
            text.encode()
            assert "\x1b" not in text
        assert all(len(name.encode()) <= 256 for name in event.names)
        assert event.status is None or 0 <= event.status <= 999
        assert all(each is None or 0 <= each <= MAX_COUNT for each in (event.latency_ms, event.ttft_ms))


def check_limit(limit: Limit) -> None:
    """The same of news of a limit."""
    assert by_name(limit.dialect), "nobody's calls use it up"
    assert 0 <= limit.used <= 100_000
    assert limit.resets_at is None or 0 <= limit.resets_at < 4_133_980_800_000
    assert limit.minutes is None or 0 < limit.minutes <= MAX_COUNT
    assert "\x1b" not in limit.name + limit.plan
