"""Logs that want to harm: escape sequences, markup, formulas and secrets in every text of every dialect.

The lines of `sample_data/` are taken, and each of their texts is replaced in turn. Whatever a dialect makes of such a
line, nothing that a terminal would obey comes out of any command, and no secret is in the database's bytes.
"""

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.command import ROOT, Done, python, tokenmon
from tests.dialects.cases import WITHOUT_CALLS
from tests.faults.harming import MARKS, TEXTS, harm_in, harmed, secrets_below, shortened
from tests.ingest.ingesting import rows
from tests.statusline.showing import show, status
from tokenmon.dialects import DIALECTS

WITH_CALLS = [dialect.name for dialect in DIALECTS if dialect.name not in WITHOUT_CALLS]

LINES = 12
"""Lines of each file that are looked at; one of each form is taken."""


def form(value: Any) -> object:
    """What lines have in common that are read alike: their names and types."""
    if isinstance(value, dict):
        return str(value.get("type")), tuple((name, form(each)) for name, each in value.items())
    return tuple(map(form, value)) if isinstance(value, list) else type(value)


def first_lines(file: Path) -> list[str]:
    lines = [line for line in file.read_text("utf-8").splitlines()[:LINES] if line.startswith("{") and line[-1:] == "}"]
    of_each_form: dict[object, str] = {}
    for line in lines:
        of_each_form.setdefault(form(json.loads(line)), line)
    return [*of_each_form.values()]


def write_documents(directory: Path, file: Path) -> None:
    """Each hostile document by itself, under the name that a document is known by."""
    for number, bad in enumerate(harmed(file.read_text("utf-8"))):
        (directory / str(number)).mkdir(parents=True)
        (directory / str(number) / file.name).write_text(bad, "utf-8", "surrogateescape")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose database has read hostile logs of every dialect, from directories with hostile names."""
    home = tmp_path_factory.mktemp("hostile")
    for dialect in WITH_CALLS:
        write_logs(
            home / "logs" / f"\x1b]0;owned\x07[/nope]\u202e{MARKS}{dialect}{'d' * 50}", ROOT / "sample_data" / dialect
        )
    done = tokenmon(home, "--ingest-only", "--once", "--db", "x.db", "logs")
    assert done.code == 0, done.err
    check(done)
    return home


def write_logs(logs: Path, samples: Path) -> None:
    """The hostile lines and documents of one dialect."""
    logs.mkdir(parents=True)
    for number, file in enumerate(sorted(samples.rglob("*.json*"))[:6]):
        if file.suffix == ".json":
            write_documents(logs / f"{number}\x1b[31m", file)
            continue
        lines = first_lines(file)
        plain = "".join(line + "\n" for line in lines)
        (logs / f"{number}\x1b[31m{file.name}").write_text(
            plain + "".join(f"{bad}\n" for line in lines for bad in harmed(line)), "utf-8", "surrogateescape"
        )


def check(done: Done) -> None:
    """Nothing that harms is in what was printed."""
    for text in (done.out, done.err):
        assert not harm_in(text.replace("\r\n", "\n"))


EXPLAIN = """
import sys
from tokenmon.cli import main
sys.exit(max(main(["explain", id, "--db", "x.db"]) for id in sys.argv[1:]))
"""
"""Many calls in one process."""

TRY = """
import sys
from tokenmon.cli import main
form = ["--json"] * (sys.argv[-1] == "--json")
files = sys.argv[1 : len(sys.argv) - len(form)]
sys.exit(max(main(["dialects", "--try", file, "--limit", "0", *form]) for file in files))
"""

COMMANDS = (
    ("report", "--by", "model"),
    ("report", "--by", "source", "--by", "session", "--limit", "0"),
    ("report", "--by", "key", "--by", "project", "--json", "--limit", "0"),
    ("report", "--by", "source", "--by", "user", "--csv", "--limit", "0"),
    ("events", "--limit", "0"),
    ("events", "--limit", "0", "--json"),
    ("events", "--limit", "0", "--csv"),
    ("status",),
    ("status", "--json"),
    ("verify",),
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_fault_104_no_command_prints_what_a_terminal_obeys_or_a_secret(home: Path, words: tuple[str, ...]) -> None:
    done = tokenmon(home, *words, "--db", "x.db")
    assert done.code == (2 if words[0] == "status" else 0), done.err
    assert done.out
    check(done)


def test_fault_104_every_line_can_be_explained_without_harm(home: Path) -> None:
    """The line itself is shown, hostile as it is."""
    listed = tokenmon(home, "events", "--limit", "0", "--json", "--db", "x.db").out.splitlines()
    ids: dict[str, list[str]] = {dialect: [] for dialect in WITH_CALLS}
    for event in map(json.loads, listed):
        ids[event["dialect"]].append(event["id"])
    assert all(ids.values())
    chosen = [id for found in ids.values() for id in found[:: max(1, len(found) // 5)]]
    explained = python(home, EXPLAIN, *chosen)
    assert explained.code == 0, explained.err
    check(explained)
    assert explained.out.count("\n") > len(chosen)


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["plain", "json"])
def test_fault_104_a_file_can_be_tried_without_harm(home: Path, form: tuple[str, ...]) -> None:
    """Nothing of it was cleaned for a database, ids least of all."""
    files = [
        file
        for logs in sorted((home / "logs").glob("*/*"))
        for file in sorted(each for each in logs.rglob("*.json*") if each.is_file())[:2]
    ]
    assert len(files) >= len(WITH_CALLS)
    done = python(home, TRY, *map(str, files), *form)
    assert done.code == 0, done.err
    check(done)


def test_fault_118_no_cell_of_csv_is_a_formula(home: Path) -> None:
    for words in (("report", "--by", "model", "--by", "key"), ("events", "--limit", "0")):
        cells = list(csv.reader(tokenmon(home, *words, "--csv", "--db", "x.db").out.splitlines()))
        assert len(cells) > 1
        assert {len(row) for row in cells} == {len(cells[0])}
        assert not [cell for row in cells for cell in row if cell[:1] in ("=", "+", "@", "\t", "\r")]


def test_no_secret_is_in_any_byte_of_the_database_or_of_what_stands_beside_it(home: Path) -> None:
    assert (home / "x.db").stat().st_size > 100_000
    assert secrets_below(home, "logs") == []


def test_fault_104_nothing_is_stored_that_a_terminal_would_obey(home: Path) -> None:
    """Whoever reads the database by other means is as safe; what is a path is stored as the bytes that it is."""
    tables = [name for (name,) in rows(home / "x.db", "SELECT name FROM sqlite_master WHERE type = 'table'")]
    texts = [cell for table in tables for row in rows(home / "x.db", f"SELECT * FROM {table}") for cell in row]
    texts = [cell for cell in texts if isinstance(cell, str)]
    assert len(texts) > 1_000
    assert [harm for text in texts if (harm := harm_in(text))] == []


def test_fault_104_a_line_of_the_log_names_no_secret_and_obeys_nobody(home: Path) -> None:
    """`--log-format json` is JSON, line by line."""
    logs = next((home / "logs").iterdir())
    done = tokenmon(home, "--ingest-only", "--once", "--db", "y.db", "--log-format", "json", str(logs))
    check(done)
    assert [json.loads(line)["message"] for line in done.err.splitlines()].count("ingested") >= 1
    os.unlink(home / "y.db")


def test_fault_104_what_is_forgotten_is_named_without_harm(home: Path) -> None:
    """In a backup, which is as harmless."""
    check(tokenmon(home, "backup", "copy.db", "--db", "x.db"))
    project = shortened(TEXTS[0])
    for words in (("forget", "--project", project, "--yes"), ("forget", "--project", project, "--yes"), ("verify",)):
        check(done := tokenmon(home, *words, "--db", "copy.db"))
        assert done.out or "knows no project" in done.err
    assert secrets_below(home, "logs") == []


def test_fault_104_the_status_line_is_harmless_whatever_it_is_handed(home: Path) -> None:
    limits = {TEXTS[0]: {"used_percentage": 12, "resets_at": TEXTS[0]}, "five_hour": {"used_percentage": TEXTS[0]}}
    handed = status(session_id=TEXTS[0], transcript_path=TEXTS[0], cwd=TEXTS[0], rate_limits=limits)
    assert not harm_in(show(home, handed, "--db", str(home / "x.db")))
    assert secrets_below(home, "logs") == []
