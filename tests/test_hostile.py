"""Logs that want to harm: escape sequences, markup, formulas and secrets in every text of every dialect.

The lines of `sample_data/` are taken, and each of their texts is replaced in turn. Whatever a dialect makes of such a
line, nothing that a terminal would obey comes out of any command, and no secret is in the database's bytes.
"""

import csv
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command import ROOT, Done, python, tokenmon
from tests.dialects.cases import WITHOUT_CALLS
from tokenmon.dialects import DIALECTS

TAIL = "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv"
SECRETS = (f"sk-ant-{TAIL}", f"AIza{TAIL}", f"eyJ{TAIL}.{TAIL}.{TAIL}", f"ghp_{TAIL}")
TERMINAL = "\x1b]0;owned\x07\x1b[31mred\r\x9b2J\x90q\u202egnp\u200b\u2066\u0007[/nope][@click=app.quit]x[/]"
TEXTS = (
    f"{TERMINAL} {SECRETS[0]}\n{SECRETS[1]}\t{SECRETS[2]}",
    f"=cmd|' /C calc'!A0 {SECRETS[3]}",
    SECRETS[0],
    f"{TERMINAL}{'x' * 10_000}",
)

OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""What a terminal obeys, or nobody sees; lines end with a newline."""

WITH_CALLS = [dialect.name for dialect in DIALECTS if dialect.name not in WITHOUT_CALLS]

LINES = 12
"""Lines of each file that are taken."""


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every text in a JSON value, as the container and the key to replace it by."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        if isinstance(inner, str):
            yield value, key
        else:
            yield from places(inner)


def harmed(line: str) -> Iterator[str]:
    """The line or document with each of its texts replaced in turn, and with a text too many."""
    record = json.loads(line)
    yield line
    for text in TEXTS:
        for container, key in places(record):
            before = container[key]
            container[key] = text
            yield json.dumps(record, ensure_ascii=False)
            container[key] = before
        if not isinstance(record, dict):
            continue
        metadata = {text: text, "deep": [{"k": text}]}
        named = dict.fromkeys(("api_key_name", "project", "session", "error", "request_id", "user"), text[:200])
        yield json.dumps({**record, **named, "metadata": metadata})


def first_lines(file: Path) -> list[str]:
    return [line for line in file.read_text("utf-8").splitlines()[:LINES] if line.startswith("{") and line[-1:] == "}"]


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
        write_logs(home / "logs" / f"\x1b]0;owned\x07[/nope]\u202e{dialect}{'d' * 100}", ROOT / "sample_data" / dialect)
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
        found = OBEYED.search(text.replace("\r\n", "\n"))
        assert found is None, repr(text[max(0, found.start() - 80) : found.end() + 20])
        assert TAIL not in text


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
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_prints_what_a_terminal_obeys_or_a_secret(home: Path, words: tuple[str, ...]) -> None:
    done = tokenmon(home, *words, "--db", "x.db")
    assert done.code == (2 if words[0] == "status" else 0), done.err
    assert done.out
    check(done)


def test_every_line_can_be_explained_without_harm(home: Path) -> None:
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
def test_a_file_can_be_tried_without_harm(home: Path, form: tuple[str, ...]) -> None:
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


def test_no_cell_of_csv_is_a_formula(home: Path) -> None:
    for words in (("report", "--by", "model", "--by", "key"), ("events", "--limit", "0")):
        rows = list(csv.reader(tokenmon(home, *words, "--csv", "--db", "x.db").out.splitlines()))
        assert len(rows) > 1
        assert {len(row) for row in rows} == {len(rows[0])}
        assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "@", "\t", "\r")]


def test_no_secret_is_in_the_bytes_of_the_database(home: Path) -> None:
    for file in home.glob("x.db*"):
        assert TAIL.encode() not in file.read_bytes(), file.name


def test_a_line_of_the_log_names_no_secret_and_obeys_nobody(home: Path) -> None:
    """`--log-format json` is JSON, line by line."""
    done = tokenmon(home, "--ingest-only", "--once", "--db", "y.db", "--log-format", "json", "logs")
    check(done)
    assert [json.loads(line)["message"] for line in done.err.splitlines()].count("ingested") >= 1
    os.unlink(home / "y.db")
