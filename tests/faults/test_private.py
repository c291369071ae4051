"""Nobody else reads, exchanges or hears of anything: modes whatever the umask, no shared place, and no network."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import ROOT, cache_home, environment_of, tokenmon
from tests.ingest.ingesting import Running, native, stored, until
from tests.statusline.showing import show, status, window
from tests.ui.terminal import RUN, started
from tokenmon.statusline.keeping import NAME
from tokenmon.ui.exporting import write_new
from tokenmon.ui.memory import Memory


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=["000", "022", "077"])
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def open_to_others(place: Path) -> list[str]:
    """What below a directory is for more than its owner, or not for all that the owner does."""
    wrong = []
    for path in [place, *place.rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        if (mode := stat.S_IMODE(path.lstat().st_mode)) != wanted:
            wrong.append(f"{path.relative_to(place)} {mode:o}")
    return wrong


@pytest.mark.usefixtures("_umask")
def test_whatever_is_made_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Databases with all that stands beside them, backups, exports, what the screen and the status line remember."""
    log = tmp_path / "a.jsonl"
    log.write_bytes(native(0))
    state = tmp_path / "own" / "state" / "tokenmon"
    places = {"XDG_STATE_HOME": str(tmp_path / "own/state"), "XDG_CONFIG_HOME": str(tmp_path / "own/config")}
    handed = status(rate_limits={"five_hour": window(12)})
    assert tokenmon(tmp_path, "statusline", "--install", "--yes", environment=places).code == 0
    show(tmp_path, handed, **places)
    with Running(state / "x.db", log):
        until(lambda: stored(state / "x.db") == 1)
        assert {f"x.db{suffix}" for suffix in ("", "-wal", "-shm", ".lock")} <= {path.name for path in state.iterdir()}
        assert tokenmon(tmp_path, "backup", str(state / "copy.db"), "--db", str(state / "x.db")).code == 0
        Memory(tmp_path / "own/new/tokenmon/screen.json", state / "x.db").put("range", "7d")
        write_new(state, "tokenmon-keys", "csv", "a,b\r\n")
        assert open_to_others(tmp_path / "own") == []
        assert (state / "statusline" / NAME).exists()


def test_no_database_is_kept_where_everybody_may_exchange_it(tmp_path: Path) -> None:
    """A directory like /tmp, where everybody has only what is his, will do."""
    (tmp_path / "a.jsonl").write_bytes(native(0))
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    words = ("--ingest-only", "--once", "a.jsonl", "--db")
    done = tokenmon(tmp_path, *words, "shared/x.db")
    assert (done.code, done.err.count("\n")) == (73, 1)
    assert "everybody may write into" in done.err
    assert list(shared.iterdir()) == []
    assert tokenmon(tmp_path, *words, "shared/own/x.db").code == 0
    shared.chmod(0o1777)
    assert tokenmon(tmp_path, *words, "shared/x.db").code == 0


LISTENER = """
import os, socket, sys
def hear(event, args):
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"):
        spoken = args[0].family
    elif event == "socket.__new__":
        spoken = args[1]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "urllib.Request"):
        spoken = None
    else:
        return
    if spoken != socket.AF_UNIX:
        with open(os.environ["HEARD"], "a") as log:
            log.write(f"{event} {args[1:]} of {sys.orig_argv}\\n")
sys.addaudithook(hear)
with open(os.environ["HEARD"], "a") as log:
    log.write("listening\\n")
"""
"""Comes with every Python process that is started, and hears of every socket."""


@pytest.fixture(name="ears")
def _ears(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "ears").mkdir()
    (tmp_path / "ears/sitecustomize.py").write_text(LISTENER)
    return {"PYTHONPATH": f"{tmp_path / 'ears'}{os.pathsep}{ROOT}", "HEARD": str(tmp_path / "heard")}


def heard(home: Path) -> set[str]:
    """What any process was heard to do with the network; that it was listened to is the first line."""
    return set((home / "heard").read_text().splitlines())


def test_the_listener_hears_whoever_speaks(tmp_path: Path, ears: dict[str, str]) -> None:
    program = "import socket; socket.socket().close(); socket.getaddrinfo('localhost', 9)"
    subprocess.run([sys.executable, "-c", program], env=environment_of(tmp_path, **ears), check=True, timeout=60)
    assert len(heard(tmp_path)) == 3


def test_nothing_speaks_to_the_network(tmp_path: Path, ears: dict[str, str]) -> None:
    """Neither what ingests, nor what reports, nor the screen with its own ingester."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/a.jsonl").write_bytes(native(0))
    assert tokenmon(tmp_path, "--ingest-only", "--once", "--db", "x.db", "logs", environment=ears).code == 0
    for words in (("report",), ("status",), ("events", "--json"), ("verify",)):
        assert tokenmon(tmp_path, *words, "--db", "x.db", environment=ears).out
    show(tmp_path, status(), "--db", str(tmp_path / "x.db"), **ears)
    command = [sys.executable, "-c", RUN, str(tmp_path / "y.db"), str(tmp_path / "logs"), "auto", ""]
    places = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "XDG_CACHE_HOME": cache_home()}
    with started(
        ["/usr/bin/env", *(f"{name}={value}" for name, value in {**places, **ears}.items()), *command]
    ) as screen:
        screen.shows("gpt-5-mini")
        screen.type(b"q")
        assert screen.end() == 0
    assert heard(tmp_path) == {"listening"}


def test_prices_are_compiled_for_their_owner_alone_and_without_the_network(
    tmp_path: Path, ears: dict[str, str]
) -> None:
    before = os.umask(0)
    try:
        own = {**ears, "XDG_CACHE_HOME": str(tmp_path / "own")}
        assert tokenmon(tmp_path, "prices", "gpt-5", environment=own).code == 0
    finally:
        os.umask(before)
    assert len(list((tmp_path / "own").rglob("*.json"))) == 1
    assert open_to_others(tmp_path / "own") == []
    assert heard(tmp_path) == {"listening"}
