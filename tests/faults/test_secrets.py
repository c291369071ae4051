"""A key that stands in a log is in nothing that tokenmon keeps, says or sends, not even when it forgets or crashes."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.command import python, tokenmon
from tests.faults.harming import GIVEN, KEYS, TAIL, TERMINAL, harm_in, secrets_below
from tests.ingest.ingesting import Running, ingest, native, stored, until
from tests.recovery.recovering import SECRET, filled, secret_in
from tests.ui.terminal import started
from tokenmon import text


@pytest.mark.parametrize("secret", [*KEYS, *GIVEN])
def test_a_key_is_hidden_by_its_shape_or_by_where_it_stands(secret: str) -> None:
    for around in ("{}", "a {} b", '{{"k":"{}"}}', "({})", r"\n{}", "\ufffd{}"):
        hidden = text.hide_secrets(around.format(secret))
        assert not harm_in(hidden.replace("\ufffd", ""))
        assert "key-" in hidden
        assert text.hide_secrets(hidden) == hidden, "and it stays what it is"


@pytest.mark.parametrize(
    "plain", ["https://host:8080/a@b", "max_tokens=12345678", "token: short", "cache_key=main-1", "postgres://db/usage"]
)
def test_what_only_stands_where_a_secret_might_stays(plain: str) -> None:
    assert text.hide_secrets(plain) == plain


def test_no_key_is_in_the_write_ahead_log_either(tmp_path: Path) -> None:
    """As it is while the ingester runs, and after it was killed."""
    names = ("model", "api_key_id", "api_key_name", "user", "project", "account", "session", "endpoint", "request_id")
    secrets = [*KEYS, *GIVEN]
    (tmp_path / "logs").mkdir()
    lines = [
        native(i, **dict.fromkeys(names, secret), error=f"{TERMINAL} {secret}", metadata={secret: [secret]})
        for i, secret in enumerate(secrets)
    ]
    (tmp_path / "logs/a.jsonl").write_bytes(b"".join(lines))
    database = tmp_path / "x.db"
    with Running(database, tmp_path / "logs") as running:
        until(lambda: stored(database) == len(secrets))
        assert (tmp_path / "x.db-wal").stat().st_size > 0
        assert secrets_below(tmp_path, "logs", ".cache") == []
        running.process.kill()
        running.process.wait()
    assert secrets_below(tmp_path, "logs", ".cache") == []


def test_a_forgotten_name_is_not_in_pages_that_were_free_before(tmp_path: Path) -> None:
    """Rows that went earlier, by retention or because they grew, left it in the file."""
    database = filled(tmp_path)
    (tmp_path / "logs/d.jsonl").write_bytes(native(50_000, project=SECRET))
    ingest(database, tmp_path / "logs")
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete=OFF").fetchall()  # some builds of SQLite have it on
        connection.execute("CREATE TABLE earlier(name TEXT)")
        connection.executemany("INSERT INTO earlier VALUES (?)", [(SECRET * 20,)] * 50)
        connection.execute("DROP TABLE earlier")
    assert database.read_bytes().count(SECRET.encode()) > 500, "the free pages hold it"
    assert tokenmon(tmp_path, "forget", "--project", SECRET, "--yes", "--db", "x.db").code == 0
    assert secret_in(database) == []


BUG = f"""
def bug():
    inside = "sk-ant-{TAIL}"
    raise RuntimeError("it met \\x1b]0;owned\\x07 " + inside)
"""
"""With a key at hand."""

COMMAND_WITH_A_BUG = f"""
import sys, threading
from tokenmon.start import main
{BUG}
sys.argv = ["tokenmon", "status", "--db", "none.db"]
main()
thread = threading.Thread(target=bug)
thread.start()
thread.join()
bug()
"""

SCREEN_WITH_A_BUG = f"""
import sys
from pathlib import Path
from tokenmon.settings import Settings
from tokenmon.ui.app import TokenmonApp
{BUG}
class Buggy(TokenmonApp):
    def on_ready(self):
        super().on_ready()
        self.set_timer(0.1, bug)
app = Buggy(Settings(tz="UTC", theme="dark"), Path("x.db"), [])
app.run()
sys.exit(app.return_code)
"""


def test_a_traceback_tells_the_way_and_no_value(tmp_path: Path) -> None:
    done = python(tmp_path, COMMAND_WITH_A_BUG)
    assert done.code == 1
    assert done.err.count("Traceback (most recent call last)") == done.err.count("RuntimeError: it met") == 2
    assert "\ufffd]0;owned\ufffd key-" in done.err
    assert not harm_in(done.err)


def test_a_crash_of_the_screen_tells_the_way_and_no_value(tmp_path: Path) -> None:
    """Textual by itself would print what every variable of every frame holds."""
    ingest(tmp_path / "x.db", tmp_path)
    words = [sys.executable, "-c", f"import os; os.chdir({str(tmp_path)!r}){SCREEN_WITH_A_BUG}"]
    with started(words, HOME=str(tmp_path), XDG_STATE_HOME=str(tmp_path)) as window:
        assert window.end() == 1
        said = window.sent[window.sent.rindex(b"\x1b[?1049l") :]
    assert b"Traceback (most recent call last)" in said
    assert b"RuntimeError" in said
    assert b"owned\x07" not in window.sent
    assert TAIL[:8].encode() not in window.sent
