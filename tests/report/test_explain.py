"""`explain`: the very line, made harmless; the facts; the price of each class and the sum."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from tests.report.test_events import EVENT
from tokenmon.pricing import PriceBook, open_book
from tokenmon.report.explain import facts, line_of, price_of
from tokenmon.report.output import cells
from tokenmon.trace import LINE_CHARACTERS

LINES = b'{"a":1}\n{"b":2}\r\n{"c":3}'


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> PriceBook:
    place = tmp_path_factory.mktemp("prices")
    (place / "prices.toml").write_text('[[price]]\nmodel = "acme-1"\nprovider = "acme"\ninput = 2\noutput = 8\n')
    return open_book(place / "prices.toml", place)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINES)
    return path


def test_a_line_is_shown_without_secrets_and_escapes_and_is_clipped(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"key":"sk-abcdefghijklmnopqrstuvwxyz","x":"\x1b[2J","y":"' + "z" * 5_000 + '"}\n')
    place, line = line_of(replace(EVENT, source_path=str(path), source_offset=0))
    assert f"{path}:1, byte 0" in place
    assert "sk-abc" not in line
    assert "\x1b" not in line
    assert len(line) <= LINE_CHARACTERS + 13
    assert line.endswith("…")


@pytest.mark.parametrize(("path", "said"), [("gone.jsonl", "not there any more"), ("bad.gz", "")])
def test_a_line_that_cannot_be_read_costs_only_itself(tmp_path: Path, path: str, said: str) -> None:
    (tmp_path / "bad.gz").write_bytes(b"this is not gzip")
    line = line_of(replace(EVENT, source_path=str(tmp_path / path)))[1]
    assert "cannot be read" in line
    assert said in line


def test_a_changed_file_is_not_quoted(log: Path) -> None:
    assert "changed since" in line_of(replace(EVENT, source_path=str(log), source_offset=3))[1]


def test_facts_leave_out_what_is_unknown() -> None:
    lines = facts(EVENT, ZoneInfo("Asia/Kathmandu"))
    assert "time         2025-11-20 19:48:22 local, 2025-11-20T14:03:22.123Z" in lines
    assert "key id       key-1" in lines
    assert not any(line.startswith(("user", "session", "error")) for line in lines)


def test_classes_times_prices_are_the_sum(book: PriceBook) -> None:
    event = replace(
        EVENT,
        names=EVENT.names._replace(provider="acme", model="acme-1"),
        input=1_000,
        output=500,
        cost=6_000_000,
        cost_list=6_000_000,
        cost_logged=7_000_000,
        priced_as="acme/acme-1",
    )
    lines = price_of(event, book)
    text = "\n".join(lines)
    assert "$2.00" in text
    assert "$8.00" in text
    assert any(line.startswith("Sum") and line.endswith("$0.006") for line in text.splitlines())
    assert "logged       $0.007, written by the producer" in lines
    assert "difference   $0.001 more logged than listed" in lines
    assert "does not report cache reads" in text
    assert all(cells(line) <= 80 for line in text.splitlines())


def test_an_unknown_price_is_said_and_not_guessed(book: PriceBook) -> None:
    event = replace(
        EVENT, names=EVENT.names._replace(model="mystery-9"), cost=None, cost_list=None, cost_kind="unknown"
    )
    text = "\n".join(price_of(event, book))
    assert "cost         unknown" in text
    assert any(line.startswith("Sum") and line.endswith("?") for line in text.splitlines())
