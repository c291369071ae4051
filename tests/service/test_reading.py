"""Who may only read a service's database sees its numbers; who may not even do that is told so."""

import grp
import json
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.permissions import open_to_all, without_rights
from tokenmon.cli import main
from tokenmon.cli.target import find_target
from tokenmon.errors import CannotCreateDatabase, NoDatabase
from tokenmon.ingest import Service, bring_up_to_date
from tokenmon.settings import Settings

pytestmark = pytest.mark.usefixtures("own_home")

CALL = {
    "ts": "2026-11-18T10:00:00Z", "integration": "test", "provider": "openai", "model": "gpt-5.1",
    "prompt_tokens": 100, "completion_tokens": 10,
}  # fmt: skip


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """One log that everybody may read."""
    logs = open_to_all(tmp_path / "logs")
    (logs / "a.jsonl").write_text(json.dumps(CALL) + "\n")
    return logs


@pytest.fixture
def service(tmp_path: Path, logs: Path) -> Iterator[Service]:
    """A service that has read it; everybody may read its database, as its group may."""
    (tmp_path / "tokenmon").mkdir()
    database = tmp_path / "tokenmon" / "tokenmon.db"
    with Service(Settings(), database, [str(logs)], once=True, wait=False) as running:
        running.run(lambda progress: None)
        for path in database.parent.iterdir():
            path.chmod(0o444)
        yield running


@pytest.fixture
def database(tmp_path: Path, service: Service) -> Path:
    return tmp_path / "tokenmon" / "tokenmon.db"


def brought_up_to_date(database: Path) -> bool:
    paths = [str(database.parents[1] / "logs")]
    with without_rights(database.parent):
        return bring_up_to_date(Settings(), database, paths, lambda words: None)


def test_a_reader_has_what_the_running_ingester_stored(database: Path) -> None:
    assert brought_up_to_date(database)


def test_a_reader_is_told_that_nobody_reads_the_logs(database: Path, service: Service) -> None:
    service.close()
    assert not brought_up_to_date(database)


@pytest.mark.parametrize("words", [["status"], ["report"], ["events"]])
def test_a_reader_has_the_numbers_after_the_service_has_stopped(
    tmp_path: Path, logs: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A member of its group, who can make no file beside the database."""
    for module in ("report.events", "report.report", "report.status", "store.reader"):
        import_module(f"tokenmon.{module}")  # others may not be able to read our Python
    database = open_to_all(tmp_path / "tokenmon") / "tokenmon.db"
    group = grp.getgrgid(os.getegid()).gr_name
    with Service(Settings(group=group), database, [str(logs)], once=True, wait=False) as service:
        service.run(lambda progress: None)
    with without_rights(database.parent):
        code = main([*words, "--db", str(database)])
    shown = capsys.readouterr()
    assert (code, shown.err) == (2 if words == ["status"] else 0, "")
    assert {"status": "1 event", "report": "2026-11-18", "events": "gpt-5.1"}[words[0]] in shown.out


def test_a_database_that_is_not_there_is_still_not_made(database: Path) -> None:
    with pytest.raises(CannotCreateDatabase):
        brought_up_to_date(database.with_name("other.db"))


def test_who_is_not_in_the_group_is_told_so(database: Path, tmp_path: Path) -> None:
    with without_rights(database.parent):
        found = find_target(Settings(db=database, given=frozenset({"db"})), {}, tmp_path)
        assert found.database == database
    (tmp_path / "closed").mkdir()
    hidden = tmp_path / "closed" / "x.db"
    hidden.write_text("")
    (tmp_path / "closed").chmod(0o000)
    with without_rights(tmp_path), pytest.raises(NoDatabase, match="you may not read the database") as caught:
        find_target(Settings(db=hidden, given=frozenset({"db"})), {}, tmp_path)
    (tmp_path / "closed").chmod(0o700)
    assert caught.value.exit_code == 3
