"""Claude Code's settings: the change is shown and agreed to, and everything else in them stays."""

import contextlib
import json
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.command import Done, environment_of, tokenmon
from tokenmon.errors import TokenmonError
from tokenmon.statusline.install import installed, uninstalled

COMMAND = "tokenmon statusline"
ENTRY = {"type": "command", "command": COMMAND, "padding": 0}


def settings(home: Path) -> Path:
    return home / ".claude" / "settings.json"


def write(home: Path, text: str) -> Path:
    settings(home).parent.mkdir(exist_ok=True)
    settings(home).write_bytes(text.encode())
    return settings(home)


def change(home: Path, *words: str, **environment: str) -> Done:
    return tokenmon(home, "statusline", *words, environment=environment)


def test_the_change_is_shown_and_everything_else_stays_byte_for_byte(tmp_path: Path) -> None:
    before = '{\n    "model" : "opus",   "n": 1.0e2, "escaped": "\\u00fc",\n\t"env": {"A": "ü"}\n}\n\n'
    path = write(tmp_path, before)
    done = change(tmp_path, "--install", "--yes")
    assert done.code == 0
    assert "+" in done.out
    assert COMMAND in done.out
    after = path.read_text()
    entry = json.dumps(json.loads(after)["statusLine"])
    assert after.replace(f'"statusLine": {entry},\n    ', "", 1) == before
    assert change(tmp_path, "--install", "--yes").out.endswith("nothing to change\n")
    assert change(tmp_path, "--uninstall", "--yes").code == 0
    assert path.read_text() == before


def test_the_command_that_is_installed_prints_a_line(tmp_path: Path) -> None:
    change(tmp_path, "--install", "--yes")
    command = json.loads(settings(tmp_path).read_text())["statusLine"]["command"]
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "json.py").write_text("raise SystemExit('a file of the project')")
    done = subprocess.run(
        command, shell=True, input=b"{}", capture_output=True, env=environment_of(tmp_path), check=True,
        cwd=tmp_path / "project",
    )  # fmt: skip
    assert done.stdout == b"today ?\n"


def test_another_database_is_named_in_the_command(tmp_path: Path) -> None:
    change(tmp_path, "--install", "--yes", "--db", "my own.db")
    command = json.loads(settings(tmp_path).read_text())["statusLine"]["command"]
    assert command.endswith(f"{COMMAND} --db '{tmp_path}/my own.db'")


def test_nothing_is_changed_unasked(tmp_path: Path) -> None:
    write(tmp_path, "{}")
    done = change(tmp_path, "--install")
    assert (done.code, settings(tmp_path).read_text()) == (64, "{}")
    assert COMMAND in done.out
    assert "--yes" in done.err


@pytest.mark.parametrize(("answer", "changes"), [(b"y\n", True), (b"\n", False), (b"n\n", False)])
def test_a_terminal_is_asked(tmp_path: Path, answer: bytes, changes: bool) -> None:
    write(tmp_path, "{}")
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    command = [sys.executable, "-P", "-m", "tokenmon", "statusline", "--install"]
    done = subprocess.run(command, stdin=theirs, capture_output=True, env=environment_of(tmp_path), check=False)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0
    assert ("statusLine" in settings(tmp_path).read_text()) == changes


def test_what_was_changed_while_somebody_was_asked_is_not_overwritten(tmp_path: Path) -> None:
    write(tmp_path, "{}")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-P", "-u", "-m", "tokenmon", "statusline", "--install"]
    told, env = subprocess.PIPE, environment_of(tmp_path)
    with subprocess.Popen(command, stdin=theirs, stdout=told, stderr=told, env=env) as process:
        assert process.stdout is not None
        process.stdout.readline()  # the change is shown: what is agreed to is known
        write(tmp_path, '{"model": "opus"}')
        os.write(ours, b"y\n")
        _, errors = process.communicate()
    os.close(ours)
    os.close(theirs)
    assert process.returncode != 0
    assert b"changed meanwhile" in errors
    assert settings(tmp_path).read_text() == '{"model": "opus"}'


def test_the_directory_that_claude_code_is_told_is_honoured(tmp_path: Path) -> None:
    change(tmp_path, "--install", "--yes", CLAUDE_CONFIG_DIR=f"{tmp_path}/conf")
    assert (tmp_path / "conf" / "settings.json").exists()
    assert not settings(tmp_path).exists()


def test_the_rights_of_the_file_stay_and_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.json"
    real.write_text("{}")
    real.chmod(0o640)
    settings(tmp_path).parent.mkdir()
    settings(tmp_path).symlink_to(real)
    change(tmp_path, "--install", "--yes")
    assert settings(tmp_path).is_symlink()
    assert "statusLine" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.glob(".settings*")] == []


@pytest.mark.parametrize("text", ["[]", "null", "{", '{"a": 1,}', '// mine\n{"a": 1}', "5", "\ufeff[1]"])
def test_what_is_not_one_object_is_left_alone(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    done = change(tmp_path, "--install", "--yes")
    assert done.code == 1
    assert "not one JSON object" in done.err
    assert path.read_text() == text


def test_a_file_that_is_no_text_is_left_alone(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    path.write_bytes(b'{"a": "\xff"}')
    assert change(tmp_path, "--install", "--yes").code == 1
    assert path.read_bytes() == b'{"a": "\xff"}'


def test_the_status_line_of_somebody_else_is_replaced_when_agreed_to_and_never_taken_out(tmp_path: Path) -> None:
    path = write(tmp_path, '{"statusLine": {"type": "command", "command": "~/mine.sh"}, "a": 1}')
    done = change(tmp_path, "--uninstall", "--yes")
    assert (done.code, "mine.sh" in path.read_text()) == (1, True)
    done = change(tmp_path, "--install", "--yes")
    assert '-{"statusLine": {"type": "command", "command": "~/mine.sh"}, "a": 1}' in done.out
    assert json.loads(path.read_text())["a"] == 1
    assert "mine.sh" not in path.read_text()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text(max_size=12).filter(lambda name: name != "statusLine"), VALUES, max_size=5),
    st.sampled_from([None, 1, 2, "\t"]),
    st.booleans(),
    st.sampled_from(["", "\ufeff"]),
)
def test_any_settings_keep_what_they_hold(
    held: dict[str, object], indent: int | str | None, plain: bool, mark: str
) -> None:
    before = mark + json.dumps(held, indent=indent, ensure_ascii=plain)
    after = installed(before, COMMAND)
    assert json.loads(after.removeprefix("\ufeff")) == {"statusLine": ENTRY, **held}
    assert installed(after, COMMAND) == after
    gone = uninstalled(after)
    assert gone == before if held else json.loads(gone.removeprefix("\ufeff")) == {}


@given(st.text(max_size=30))
def test_any_text_is_an_object_or_refused(text: str) -> None:
    with contextlib.suppress(TokenmonError):
        assert "statusLine" in json.loads(installed(text, COMMAND).removeprefix("\ufeff"))
