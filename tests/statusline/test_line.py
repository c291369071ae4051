"""What the line says, and that nothing can break it."""

import fcntl
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.command import environment_of, tokenmon
from tests.ingest.ingesting import claude, ingest, native, rows
from tests.statusline.showing import NOW, SESSION, show, status, window
from tests.store.filling import create
from tokenmon.events import NANO, Flag
from tokenmon.ranges import resolve
from tokenmon.statusline.line import day, text
from tokenmon.statusline.told import Status
from tokenmon.store import glance as looking
from tokenmon.store.answers import SILENT_MS
from tokenmon.store.glance import Cost, Glance, Told, glance
from tokenmon.store.schema import HOUR

MONEY = r"~?<?\$[0-9,]+(?:\.[0-9]{2})?"
LIMITS = {"five_hour": window(58.2), "seven_day": window(12, 3 * 86_400)}


def moment(seconds_ago: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds_ago))


def usual(home: Path) -> Path:
    return home / ".local" / "state" / "tokenmon" / "tokenmon.db"


@contextmanager
def ingesting(database: Path) -> Iterator[None]:
    """Somebody gives signs of life."""
    with open(f"{database}.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.utime(lock.name)
        yield


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose usual database holds two calls of the session, a moment ago, and an old one."""
    log = tmp_path / "a.jsonl"
    log.write_bytes(
        claude("1", 5, timestamp=moment(1), sessionId=SESSION, costUSD=1.25)
        + claude("2", 5, timestamp=moment(1), sessionId=SESSION, costUSD=2.0)
        + claude("3", 5, timestamp=moment(9 * 86_400), sessionId="old", costUSD=50.0)
    )
    ingest(usual(tmp_path), log)
    return tmp_path


def test_the_line_says_today_this_session_the_pace_and_the_limits(home: Path) -> None:
    with ingesting(usual(home)):
        parts = show(home, status(rate_limits=LIMITS)).split(" | ")
    assert parts[1:3] == ["session $3.25", "$3.25/h"]
    assert re.fullmatch(r"5h 42% left until (\w{3} )?\d\d:\d\d", parts[3])
    assert re.fullmatch(r"7d 88% left until \w{3} \d\d:\d\d", parts[4])


def test_it_agrees_with_the_report_of_today(home: Path) -> None:
    for zone in ("UTC", "Asia/Kolkata", "Pacific/Kiritimati", "-03:30"):
        report = json.loads(
            tokenmon(home, "report", "--range", "today", "--tz", zone, "--json", "--db", str(usual(home))).out
        )
        with ingesting(usual(home)):
            line = show(home, TOKENMON_TZ=zone)
        assert line.split(" | ")[0] == f"today ${report['totals']['cost_usd']:.2f}"


def test_hours_that_wait_for_their_roll_ups_are_counted_from_the_events(home: Path) -> None:
    now = int(time.time() * 1000)
    span = (now - 86_400_000, now + 86_400_000)
    for change in ("DELETE FROM dirty", "UPDATE r1h SET cost_logged = 77, n = 99"):
        with closing(sqlite3.connect(usual(home))) as connection, connection:
            connection.execute(change)
            if change.startswith("UPDATE"):
                connection.execute("INSERT INTO dirty SELECT DISTINCT k FROM r1h")
        assert glance(str(usual(home)), SESSION, span, now).today == Cost(3_250_000_000, False)


def test_a_call_without_a_price_is_not_free(tmp_path: Path) -> None:
    log = tmp_path / "a.jsonl"
    log.write_bytes(native(1, ts=moment(1), model="acme-9", session=SESSION))
    ingest(usual(tmp_path), log)
    with ingesting(usual(tmp_path)):
        assert show(tmp_path, status()) == "today ? | session ?"
        log.write_bytes(log.read_bytes() + native(2, ts=moment(1), cost_usd=0.5, session=SESSION))
    ingest(usual(tmp_path), log)
    with ingesting(usual(tmp_path)):
        assert show(tmp_path, status()) == "today ~$0.50 | session ~$0.50 | ~$0.50/h"


def test_nobody_ingesting_is_said_and_the_session_is_claude_codes_own(home: Path) -> None:
    os.utime(f"{usual(home)}.lock", (NOW - 7_200, NOW - 7_200))
    today, session = show(home, status(cost={"total_cost_usd": 0.384})).split(" | ")
    assert re.fullmatch(rf"today {MONEY} \(at (\w{{3}} )?\d\d:\d\d\)", today)
    assert session == "session $0.38"


def test_a_window_that_has_ended_is_reset_and_an_overdrawn_one_has_nothing_left(tmp_path: Path) -> None:
    limits = {"five_hour": window(97, -5), "seven_day": window(104), "spend_limit": {"used_percentage": 40}}
    parts = show(tmp_path, status(rate_limits=limits)).split(" | ")
    assert parts[1] == "5h reset"
    assert parts[2].startswith("7d 0% left until ")
    assert parts[3] == "spend_limit 60% left"


def test_before_its_first_answer_a_session_shows_what_was_told_to_others(home: Path) -> None:
    show(home, status(rate_limits=LIMITS))
    ingest(usual(home), home / ".local" / "state" / "tokenmon" / "statusline")
    with ingesting(usual(home)):
        assert " | 5h 42% left until " in show(home, status())


# -- nothing breaks it

JUNK = (
    b"", b"null", b"[1,2]", b'"x"', b"5", b"{", b"\xff\xfe", b"[" * 100_000, b"{}" * 3, b"9" * 5_000,
    b'{"session_id": 5, "cost": [], "rate_limits": {"five_hour": 7, "seven_day": {"used_percentage": 1e999}}}',
    b'{"session_id": "\\ud800", "cost": {"total_cost_usd": -0.001}, "rate_limits": []}',
    b'{"rate_limits": {"five_hour": {"used_percentage": NaN}, "\\u001b[2J": {"used_percentage": true}}}',
)  # fmt: skip


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: junk[:12].decode("latin-1"))
def test_junk_on_stdin_costs_only_what_it_would_have_said(home: Path, junk: bytes) -> None:
    with ingesting(usual(home)):
        assert re.fullmatch(rf"today {MONEY} \| {MONEY}/h", show(home, junk))


def test_a_window_that_is_not_called_in_plain_words_is_none(tmp_path: Path) -> None:
    line = show(tmp_path, status(rate_limits={"\x1b]0;x\x07\u202e" + "d" * 500: {"used_percentage": 1}}))
    assert line == "today ?"


def broken_databases(place: Path) -> Iterator[Path]:
    yield place / "missing" / "x.db"
    yield place
    (place / "foreign.db").write_bytes(b"this is not a database" * 100)
    yield place / "foreign.db"
    (place / "empty.db").touch()
    yield place / "empty.db"
    with closing(sqlite3.connect(place / "other?#%.db")) as connection:
        connection.execute("CREATE TABLE event(x)")
    yield place / "other?#%.db"


def test_a_database_that_cannot_be_asked_is_unknown(tmp_path: Path) -> None:
    for database in broken_databases(tmp_path):
        assert show(tmp_path, status(), "--db", str(database)) == "today ?"
        assert show(tmp_path, status(), TOKENMON_DB=str(database)) == "today ?"


def test_a_locked_database_is_not_waited_for(tmp_path: Path) -> None:
    with closing(create(tmp_path / "x.db")) as connection:
        connection.executescript("PRAGMA journal_mode=DELETE; BEGIN EXCLUSIVE")
        began = time.monotonic()
        assert show(tmp_path, status(), "--db", "nothing.db") == "today ?"
        usual, began = time.monotonic() - began, time.monotonic()
        assert show(tmp_path, status(), "--db", "x.db") == "today ?"
        assert time.monotonic() - began < 4 + usual, "others wait for five seconds"


def test_a_database_of_the_first_version_tells_its_costs(tmp_path: Path) -> None:
    with closing(create(tmp_path / "x.db")) as connection:
        connection.execute("PRAGMA user_version=1")
    assert show(tmp_path, status(cost={"total_cost_usd": 2}), "--db", "x.db") == "today $0.00 | session $2.00"


def test_a_state_directory_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    line = show(tmp_path, status(rate_limits=LIMITS), XDG_STATE_HOME=str(tmp_path / "file"))
    assert line.startswith("today ? | 5h 42% left")


def test_a_configured_database_and_zone_are_used_and_a_broken_configuration_is_not(home: Path) -> None:
    config = home / ".config" / "tokenmon" / "config.toml"
    config.parent.mkdir(parents=True)
    other = home / "elsewhere.db"
    os.rename(usual(home), other)
    assert show(home).startswith("today ?")
    config.write_text(f'# ours\ndb = "{other}"\ntz = "Asia/Kolkata"\n')
    with ingesting(other):
        shown = show(home, status(rate_limits={"five_hour": window(1)}))
    ends = datetime.fromtimestamp(NOW + 7_200, ZoneInfo("Asia/Kolkata"))
    assert shown.endswith(f"{ends:%H:%M}")
    assert "session $3.25" in shown
    config.write_text("db = \n")
    assert show(home).startswith("today ?")


# -- how it is written


@given(st.integers(-(10**6), 10**17), st.booleans())
def test_money_is_never_negative_and_something_is_never_nothing(nano: int, misses: bool) -> None:
    line = text(Status(), Glance(today=Cost(nano, misses)), 0, None)
    shown = line.removeprefix("today ").removeprefix("~")
    assert re.fullmatch(r"<?\$[0-9]{1,3}(,[0-9]{3})*(\.[0-9]{2})?", shown)
    assert "-" not in shown
    assert (shown == "$0.00") == (nano <= 0)


def test_a_day_has_the_hours_of_its_zone() -> None:
    zone = ZoneInfo("Europe/Berlin")
    for now_ms in (1_774_750_000_000, 1_792_900_000_000, 1_789_376_400_000):
        window = resolve("today", now_ms, zone)
        assert day(now_ms, zone) == (window.start, window.end)


def test_what_is_spelled_again_is_the_same() -> None:
    assert (looking._LOGGED, looking._LISTED, looking.HOUR) == (Flag.LOGGED, Flag.LISTED, HOUR)
    assert looking.ALIVE_S * 1_000 == SILENT_MS


def test_unknown_is_left_out_and_a_quiet_hour_too() -> None:
    quiet = Glance(Cost(5 * NANO, False), None, Cost(0, False), (Told("primary", 3, 99), Told("five_hour", 3, 1)))
    assert text(Status(), quiet, 50, None) == "today $5.00"
    assert text(Status(), Glance(), 50, None) == "today ?"


def test_what_takes_long_to_load_is_not_loaded(home: Path) -> None:
    script = (
        "import sys; sys.argv = ['tokenmon', 'statusline']; from tokenmon.start import main; main();"
        "print(*sorted(name.split('.')[0] for name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=status(rate_limits=LIMITS), env=environment_of(home), check=True,
        capture_output=True,
    )  # fmt: skip
    unwanted = "argparse asyncio aiosqlite dataclasses genai_prices msgspec rich textual tomllib zoneinfo pathlib"
    assert set(done.stdout.decode().split()) & set(unwanted.split()) == set()


def test_the_session_is_the_one_of_the_status(home: Path) -> None:
    assert rows(usual(home), "SELECT count(*) FROM session") == [(2,)]
    with ingesting(usual(home)):
        assert "session $50.00" in show(home, status(session_id="old"))
        assert "session" not in show(home, status(session_id="nobody's"))
