import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.permissions import ordinary_user
from tests.store.building import (
    NAMES_OF_TESTS,
    START,
    a_copy,
    a_row,
    a_source,
    a_step,
    an_event,
    check_invariant,
    check_sessions,
    commit,
    events_in,
    looking_at,
    rows_of,
)
from tokenmon.errors import SteppedDown
from tokenmon.source import RejectedLine, Row, Tally
from tokenmon.store.requests import RUN, request_hash
from tokenmon.store.schema import HOUR, STEP
from tokenmon.store.writer import Writer


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    opened = Writer.open(tmp_path / "t.db")
    yield opened
    opened.close()


def some_rows(count: int = 3, **fields: Any) -> list[Row]:
    return [a_row(an_event(f"call {i}", at=i * 1000, **fields), offset=i * 100) for i in range(count)]


# -- exactly once


def test_a_batch_is_stored_with_the_offset_it_covers(writer: Writer) -> None:
    done = commit(writer, a_step(a_source(), some_rows()))
    assert (done.events, done.duplicates, done.expired, done.refused) == (3, 0, 0, 0)
    assert writer.checkpoints() == list(done.checkpoints)
    assert done.checkpoints[0].id > 0
    assert rows_of(writer.path, "SELECT count(*), sum(input), sum(cost_list) FROM event") == [(3, 300, 21)]


def test_the_same_lines_again_change_nothing_but_the_count_of_duplicates(writer: Writer) -> None:
    first = commit(writer, a_step(a_source(), some_rows(session="s"))).checkpoints[0]
    before = events_in(writer.path)
    again = commit(writer, a_step(first, some_rows(session="s")))
    assert (again.events, again.duplicates) == (0, 3)
    assert events_in(writer.path) == before
    assert rows_of(writer.path, "SELECT events, duplicates FROM source") == [(3, 3)]
    check_invariant(writer.path)
    check_sessions(writer.path)


def test_a_batch_that_is_partly_known_counts_the_new_part_once(writer: Writer) -> None:
    first = commit(writer, a_step(a_source(), some_rows(2, session="s", request_id="r"))).checkpoints[0]
    more = commit(writer, a_step(first, [*some_rows(4, session="s"), *some_rows(4, session="s")]))
    assert (more.events, more.duplicates) == (2, 6)
    check_invariant(writer.path)
    check_sessions(writer.path)


def test_an_offset_that_somebody_else_moved_stores_nothing(writer: Writer) -> None:
    first = commit(writer, a_step(a_source(), some_rows(1))).checkpoints[0]
    with looking_at(writer.path) as other:
        other.execute("UPDATE source SET off = off + 1")
    with pytest.raises(SteppedDown):
        commit(writer, a_step(first, some_rows(3)), a_step(a_source("/b", 2), some_rows(9)))
    assert rows_of(writer.path, "SELECT count(*) FROM event") == [(1,)]
    assert rows_of(writer.path, "SELECT count(*) FROM source") == [(1,)]


def test_two_writers_cannot_both_add_a_source(writer: Writer) -> None:
    other = Writer.open(writer.path)
    commit(writer, a_step(a_source(), some_rows(1)))
    for _ in range(2):
        with pytest.raises(SteppedDown):
            commit(other, a_step(a_source(), some_rows(1)))
    assert len(other.checkpoints()) == 1
    assert commit(other, a_step(a_source("/b", 2), some_rows(2))).events == 1
    other.close()


_COMMITS_FOR_EVER = """
import sys
from pathlib import Path
from tests.store.building import a_copy, a_row, a_source, a_step, an_event, commit
from tokenmon.store.writer import Writer
writer = Writer.open(Path(sys.argv[1]))
checkpoint = (writer.checkpoints() or [a_source()])[0]
while True:
    n = checkpoint.offset
    rows = [a_row(an_event(f"{n + i}", at=n * 50 + i, session="s")) for i in range(1000)]
    checkpoint = commit(writer, a_step(checkpoint, rows), live=n % 2000 == 0).checkpoints[0]
    writer.rebuild(0)
    print(n, flush=True)
"""


def test_a_kill_at_any_moment_costs_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    for commits in (1, 2, 4):
        with subprocess.Popen([sys.executable, "-c", _COMMITS_FOR_EVER, str(path)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            for _ in range(commits):
                process.stdout.readline()
            process.kill()
        ((offset,),) = rows_of(path, "SELECT off FROM source")
        assert rows_of(path, "SELECT count(*) FROM event") == [(offset,)]
        assert rows_of(path, "SELECT events, duplicates FROM source") == [(offset, 0)]
        check_invariant(path)
        check_sessions(path)


def test_steps_of_one_source_may_follow_each_other_in_a_batch(writer: Writer) -> None:
    first = a_step(a_source(), some_rows(1))
    second = a_step(first.after, some_rows(2)[1:])
    done = commit(writer, first, second)
    assert [checkpoint.id for checkpoint in done.checkpoints] == [1, 1]
    assert rows_of(writer.path, "SELECT off, events FROM source") == [(2000, 2)]


def test_a_checkpoint_comes_back_as_it_was(writer: Writer) -> None:
    source = msgspec.structs.replace(
        a_source("/logs/\udcff.jsonl"), ino=(1 << 64) - 5, lineage=-9, head=b"h", head_size=1, tail=b"t", tail_size=1
    )
    after = msgspec.structs.replace(
        source, offset=5, skipping=True, dialect="codex", state=b"{}", gone=True, mtime_ns=8
    )
    step = a_step(source)
    step.after = after
    commit(writer, step)
    assert writer.checkpoints() == [msgspec.structs.replace(after, id=1)]


# -- what else a batch says


def test_tallies_add_up_and_an_error_stays_until_it_is_cleared(writer: Writer) -> None:
    step = a_step(a_source(), some_rows(2), tally=Tally(skipped=4, rejects=2, disagrees=1, lost_bytes=9))
    step.error, step.last_change_ms = "permission denied", 77
    first = commit(writer, step).checkpoints[0]
    second = commit(writer, a_step(first, tally=Tally(skipped=1))).checkpoints[0]
    query = "SELECT events, skipped, rejects, disagrees, lost_bytes, last_change, last_event, error FROM source"
    assert rows_of(writer.path, query) == [(2, 5, 2, 1, 9, 77, START + 1000, "permission denied")]
    step = a_step(second)
    step.error = ""
    commit(writer, step)
    assert rows_of(writer.path, "SELECT error FROM source") == [("",)]


def test_an_invalid_line_is_kept_once_and_a_hundred_per_source(writer: Writer) -> None:
    lines = [RejectedLine(offset, 10, "input is negative") for offset in range(150)]
    first = commit(writer, a_step(a_source(), rejects=[*lines[:1], *lines[:1]], tally=Tally(rejects=1))).checkpoints[0]
    assert rows_of(writer.path, "SELECT count(*) FROM reject") == [(1,)]
    commit(writer, a_step(first, rejects=lines), a_step(a_source("/b", 2), rejects=lines[:7]))
    assert rows_of(writer.path, "SELECT source, count(*) FROM reject GROUP BY 1") == [(1, 100), (2, 7)]


def test_fault_068_an_event_that_cannot_be_stored_is_a_reject_and_takes_nobody_with_it(writer: Writer) -> None:
    bad = [
        a_row(an_event("huge", latency_ms=1 << 64), offset=1),
        a_copy("huge copy", latency_ms=1 << 64),
        a_row(an_event("name", names=NAMES_OF_TESTS._replace(user="\ud800")), offset=3),
        a_row(an_event("session", session="\ud800"), offset=4),
    ]
    bad[1].offset = 2
    done = commit(writer, a_step(a_source(), [bad[0], *some_rows(2), *bad[1:], a_copy("fine")]))
    assert (done.events, done.duplicates, done.refused) == (3, 0, 4)
    assert rows_of(writer.path, "SELECT off, reason FROM reject ORDER BY off") == [
        (1, "a value is out of range"),
        (2, "a value is out of range"),
        (3, "a name is not valid text"),
        (4, "a name is not valid text"),
    ]
    assert rows_of(writer.path, "SELECT events, duplicates, rejects FROM source") == [(3, 0, 4)]
    check_invariant(writer.path)


def test_a_request_id_leads_to_its_event(writer: Writer) -> None:
    row = a_row(an_event("id 1", request_id="req 1", keeps_details=True, error="too slow", metadata='{"a":1}'))
    first = commit(writer, a_step(a_source(), [row])).checkpoints[0]
    commit(writer, a_step(first, [row, a_row(an_event("x", at=5, request_id="req 2"))]))
    found = rows_of(writer.path, "SELECT rh, ts, h FROM request")
    assert sorted(found) == sorted(
        [
            (request_hash("req 1"), START, row.identity),
            (request_hash("id 1"), START, row.identity),
            (
                request_hash("req 2"),
                START + 5,
                rows_of(writer.path, "SELECT max(h) FROM event WHERE ts > ?", START)[0][0],
            ),
        ]
    )
    assert rows_of(writer.path, "SELECT request_id, error, metadata FROM note") == [("req 1", "too slow", '{"a":1}')]
    assert rows_of(writer.path, "SELECT err FROM event ORDER BY ts") == [(1,), (0,)]


def test_text_that_is_no_text_is_kept_as_far_as_it_goes(writer: Writer) -> None:
    rows = [a_row(an_event(str(i), at=i, error=error, keeps_details=True)) for i, error in enumerate(["a\ud800", "b"])]
    assert commit(writer, a_step(a_source(), rows)).events == 2
    assert rows_of(writer.path, "SELECT error FROM note ORDER BY ts") == [("a?",), ("b",)]


def test_runs_of_request_ids_stay_small(writer: Writer) -> None:
    checkpoint = a_source()
    for start in (0, RUN, RUN + 1):
        rows = [a_row(an_event(str(i), at=i, request_id=str(i))) for i in range(start, max(start + 1, RUN))]
        checkpoint = commit(writer, a_step(checkpoint, rows), live=False).checkpoints[0]
    assert rows_of(writer.path, "SELECT run, count(*) FROM request GROUP BY 1") == [(0, RUN), (1, 2)]


def commit_at(writer: Writer, at: int, now: int) -> tuple[object, object]:
    """An event at a time is committed at another; what viewers then go by: `history` and `front`."""
    step = a_step(a_source(str(at), at), [a_row(an_event(str(at), at=at))])
    writer.commit([step], backlog=0, now_ms=START + now, live=True)
    return writer.get_meta("history"), writer.get_meta("front")


def test_history_grows_only_when_an_older_hour_changes(writer: Writer) -> None:
    assert commit_at(writer, 2 * HOUR, 2 * HOUR) == (None, None)
    assert commit_at(writer, 2 * HOUR + 5, 2 * HOUR + 9) == (None, None)
    assert commit_at(writer, 5 * HOUR, 4 * HOUR) == (None, None)
    assert commit_at(writer, 4 * HOUR, 5 * HOUR) == (1, None)
    assert commit_at(writer, 5 * HOUR + 9, 5 * HOUR + 10) == (1, None)


def test_recent_grows_only_when_the_newest_hour_changes_before_its_newest_minutes(writer: Writer) -> None:
    def recent_after(at: int) -> object:
        commit_at(writer, at, 3 * HOUR)
        return writer.get_meta("recent")

    assert recent_after(2 * HOUR + 2 * STEP) is None
    assert recent_after(2 * HOUR + 2 * STEP + 9) is None
    assert recent_after(2 * HOUR + 5 * STEP) is None
    assert recent_after(2 * HOUR + 4 * STEP) == 1
    assert recent_after(2 * HOUR + 6 * STEP) == 1
    assert recent_after(1 * HOUR) == 1, "history tells of older hours"


def test_an_event_of_the_future_does_not_make_everything_after_it_history(writer: Writer) -> None:
    assert commit_at(writer, 2 * HOUR, 2 * HOUR) == (None, None)
    assert commit_at(writer, 9_000 * HOUR, 2 * HOUR + 5) == (None, START + 2 * HOUR)
    assert commit_at(writer, 2 * HOUR + 6, 2 * HOUR + 7) == (None, START + 2 * HOUR)
    assert commit_at(writer, 3 * HOUR + 6, 3 * HOUR + 7) == (None, START + 3 * HOUR)
    assert commit_at(writer, 2 * HOUR + 8, 3 * HOUR + 8) == (1, START + 3 * HOUR)
    assert commit_at(writer, 3 * HOUR + 9, 1 * HOUR) == (1, START + 3 * HOUR)
    assert commit_at(writer, 2 * HOUR + 9, 1 * HOUR) == (2, START + 3 * HOUR)


def test_a_front_is_never_before_what_is_settled(writer: Writer) -> None:
    assert commit_at(writer, 5 * HOUR, 4 * HOUR) == (None, None)
    assert commit_at(writer, 9_000 * HOUR, 4 * HOUR) == (None, START + 5 * HOUR)
    assert commit_at(writer, 4 * HOUR + 9, 4 * HOUR + 9) == (1, START + 5 * HOUR)


def test_a_session_keeps_lifetime_totals(writer: Writer) -> None:
    rows = [
        a_row(an_event("a", session="s", status=500), cost=5),
        a_row(an_event("b", at=9, session="s", cost_logged=3), cost=50),
        a_row(an_event("c", at=4, session="s"), cost=None),
    ]
    commit(writer, a_step(a_source(), rows))
    query = "SELECT n, err, tokens, cost, unpriced, first_ts, last_ts FROM session"
    assert rows_of(writer.path, query) == [(3, 1, 330, 8, 1, START, START + 9)]


def test_unchanged_facts_write_nothing(writer: Writer) -> None:
    writer.set_meta(prices="abc", backlog=3)
    writer.remember_paths(["/b", "/a", "/b"])
    writer.remember_places([("Claude Code", "/home/x/.claude")])
    with looking_at(writer.path) as other:
        before = other.execute("PRAGMA data_version").fetchone()
        writer.set_meta(prices="abc", backlog=3)
        writer.remember_paths(["/b", "/a"])
        assert other.execute("PRAGMA data_version").fetchone() == before
    assert (writer.get_meta("backlog"), writer.paths()) == (3, ["/b", "/a"])
    assert writer.places() == [("Claude Code", "/home/x/.claude")]


# -- trouble


def test_a_full_disk_costs_nothing_and_the_writer_goes_on_when_there_is_room(writer: Writer) -> None:
    first = commit(writer, a_step(a_source(), some_rows(1))).checkpoints[0]
    pages = writer._connection.execute("PRAGMA page_count").fetchone()[0]
    writer._connection.execute(f"PRAGMA max_page_count={pages}")
    fresh = NAMES_OF_TESTS._replace(project="new")
    rows = [a_row(an_event(str(i), at=i, names=fresh, session=f"s{i}")) for i in range(5000)]
    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError, match="full"):
            commit(writer, a_step(first, rows))
    assert rows_of(writer.path, "SELECT count(*) FROM event") == [(1,)]
    writer._connection.execute("PRAGMA max_page_count=1000000")
    assert commit(writer, a_step(first, rows)).events == 5000
    assert rows_of(writer.path, "SELECT count(*) FROM series") == [(2,)]
    check_invariant(writer.path)
    check_sessions(writer.path)


def test_a_database_that_was_deleted_or_replaced_is_noticed(writer: Writer) -> None:
    assert writer.is_still_there()
    writer.path.unlink()
    assert not writer.is_still_there()
    writer.path.touch()
    assert not writer.is_still_there()


def test_a_database_in_a_directory_that_was_closed_is_not_gone() -> None:
    with ordinary_user() as place:
        writer = Writer.open(place / "t.db")
        place.chmod(0)
        try:
            assert writer.is_still_there()
            assert writer.has_its_log()
        finally:
            place.chmod(0o700)
            writer.close()


def test_the_log_can_be_moved_into_the_database(writer: Writer) -> None:
    commit(writer, a_step(a_source(), some_rows()))
    writer.checkpoint_wal()
    assert rows_of(writer.path, "PRAGMA integrity_check") == [("ok",)]
