"""What is exported is obeyed by no spreadsheet, is whole or not there, and takes the place of nobody's file."""

import csv
import json
import os
import stat
from pathlib import Path

import pytest

from tests.command import tokenmon
from tests.ingest.ingesting import ingest, native
from tokenmon.dimensions import DIMENSIONS
from tokenmon.events import NAMES
from tokenmon.ui.exporting import write_new

FIRST = ("=", "+", "-", "@", "\t=", "\r=")
FORMULA = "1+cmd|' /C calc'!A0"
TEXTS = (
    *("integration", "provider", "model", "requested_model", "account", "api_key_id", "api_key_name", "user"),
    *("project", "endpoint", "session", "request_id", "error"),
)


@pytest.fixture(name="home", scope="module")
def _home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of calls whose every text begins as a formula does, from logs that are called so."""
    home = tmp_path_factory.mktemp("exported")
    (home / "logs").mkdir()
    for number, first in enumerate(FIRST):
        fields = dict.fromkeys(TEXTS, first + FORMULA)
        metadata = {first + FORMULA: first + FORMULA}
        (home / "logs" / f"={number}.jsonl").write_bytes(native(number, **fields, metadata=metadata, cost_usd=0.5))
    ingest(home / "x.db", home / "logs")
    return home


def table(home: Path, *words: str) -> list[dict[str, str]]:
    """The rows of a command's CSV."""
    done = tokenmon(home, *words, "--db", "x.db", "--csv")
    assert (done.code, done.err) == (0, "")
    return list(csv.DictReader(done.out.splitlines()))


def is_obeyed(cell: str) -> bool:
    """Whether a spreadsheet would calculate something; a number is one."""
    try:
        return not (float(cell) or True)
    except ValueError:
        return cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_fault_118_no_text_of_any_csv_is_a_formula_and_numbers_stay_numbers(home: Path) -> None:
    events = table(home, "events", "--limit", "0")
    assert len(events) == len(FIRST)
    written = {"session", "request_id", "error", *NAMES} - {"host", "dialect", "source_class", "tier", "key"}
    assert all(row[column][:2] in ("'=", "'+", "'-", "'@") for row in events for column in written)
    rows = table(home, "report", *(word for dimension in DIMENSIONS for word in ("--by", dimension.name)))
    assert len(rows) == len(FIRST)
    assert not [cell for row in (*events, *rows) for cell in row.values() if is_obeyed(cell)]
    assert {row["cost_usd"] for row in events} == {"0.5"}
    assert {row["total_tokens"].isdigit() for row in rows} == {True}


def test_fault_118_json_has_the_texts_as_they_are(home: Path) -> None:
    listed = tokenmon(home, "events", "--db", "x.db", "--json").out.splitlines()
    assert {json.loads(line)["model"][:1] for line in listed} == {"=", "+", "-", "@"}


def test_fault_118_an_export_follows_no_link_and_replaces_no_file(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "out.csv").symlink_to(tmp_path / "precious")
    (tmp_path / "out-2.csv").symlink_to(tmp_path / "nothing")
    (tmp_path / "out-3.csv").write_text("older")
    path = write_new(tmp_path, "out", "csv", "a,b\r\n")
    assert (path.name, path.read_bytes()) == ("out-4.csv", b"a,b\r\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (tmp_path / "precious").read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["out-2.csv", "out-3.csv", "out-4.csv", "out.csv", "precious"]


def test_fault_118_a_backup_takes_a_links_place_and_leaves_alone_where_it_leads(home: Path) -> None:
    (home / "precious").write_text("mine")
    (home / "copy.db").symlink_to(home / "precious")
    done = tokenmon(home, "backup", "copy.db", "--yes", "--db", "x.db")
    assert done.code == 0, done.err
    assert not (home / "copy.db").is_symlink()
    assert stat.S_IMODE((home / "copy.db").stat().st_mode) == 0o600
    assert (home / "precious").read_text() == "mine"
