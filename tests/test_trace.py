"""A number is traced to its line, wherever that stands, within bounded time; and to the price of each class."""

import gzip
import os
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.report.test_events import EVENT
from tokenmon.pricing import PriceBook, open_book
from tokenmon.trace import BLOCK, FoundLine, bill, find_line, why_not

LINES = b'{"a":1}\n{"b":2}\r\n{"c":3}'


def zstd() -> Any:
    try:
        return import_module("compression.zstd")
    except ModuleNotFoundError:
        return import_module("backports.zstd")


@pytest.mark.parametrize(
    ("offset", "found"),
    [
        (0, FoundLine(1, b'{"a":1}')),
        (8, FoundLine(2, b'{"b":2}')),
        (17, FoundLine(3, b'{"c":3}')),
        (3, None),
        (24, None),
        (900, None),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_the_line_is_found_where_it_starts_or_not_at_all(
    tmp_path: Path, suffix: str, offset: int, found: FoundLine | None
) -> None:
    pack = {"": bytes, ".gz": gzip.compress, ".zst": zstd().compress}[suffix]
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(pack(LINES))
    assert find_line(str(path), offset) == found


def test_a_line_far_into_a_compressed_source_is_found(tmp_path: Path) -> None:
    line = b"x" * 99 + b"\n"
    count = 2 * BLOCK // len(line)
    with gzip.open(tmp_path / "a.jsonl.gz", "wb") as file:
        file.write(line * count + b"here\n")
    assert find_line(str(tmp_path / "a.jsonl.gz"), count * len(line)) == FoundLine(count + 1, b"here")


def test_ten_gigabytes_before_a_line_cost_no_time(tmp_path: Path) -> None:
    path, offset = tmp_path / "a.jsonl", 10 << 30
    path.touch()
    os.truncate(path, offset - 1)
    with path.open("ab") as file:
        file.write(b"\nhere\n")
    assert find_line(str(path), offset) == FoundLine(None, b"here")


def test_too_far_into_an_archive_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(LINES))
    assert find_line(str(path), 8, reach=8) is not None
    with pytest.raises(OSError, match="too far into the archive"):
        find_line(str(path), 17, reach=8)


@pytest.mark.parametrize(("make", "said"), [(None, "not there any more"), (os.mkfifo, "not a regular file")])
def test_a_source_that_cannot_be_read_is_said_why(tmp_path: Path, make: Any, said: str) -> None:
    path = tmp_path / "a.jsonl"
    if make:
        make(path)
    with pytest.raises(OSError) as raised:  # noqa: PT011
        find_line(str(path), 0)
    assert said in why_not(raised.value)


def test_a_shown_line_is_clipped_harmless_and_without_secrets() -> None:
    start = '{"key":"sk-abcdefghijklmnopqrstuvwxyz","x":"\x1b[2J\u202e[bold]"}'.encode() + b"\xff" + b"z" * 70_000
    shown = FoundLine(1, start).shown(120)
    assert len(shown) == 120
    assert "sk-abc" not in shown
    assert not {"\x1b", "\u202e"} & set(shown)
    assert "[bold]" in shown
    assert shown.endswith("…")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> PriceBook:
    place = tmp_path_factory.mktemp("prices")
    (place / "prices.toml").write_text('[[price]]\nmodel = "acme-1"\nprovider = "acme"\ninput = 2\noutput = 8\n')
    return open_book(place / "prices.toml", place)


def test_classes_add_up_to_the_bill(book: PriceBook) -> None:
    names = EVENT.names._replace(provider="acme", model="acme-1", tier="")
    event = replace(EVENT, names=names, input=1_000, output=500, cache_read=None, cache_write_5m=0, cache_write_1h=0)
    charged = bill(replace(event, cost_list=6_000_000, cost_logged=7_000_000), book)
    assert [(each.label, each.tokens, each.amount) for each in charged.classes] == [
        ("input", 1_000, 2_000_000),
        ("output", 500, 4_000_000),
    ]
    assert charged.total == 6_000_000
    assert charged.difference == 1_000_000
    assert charged.unreported == ("cache reads",)


def test_an_unknown_price_has_no_sum(book: PriceBook) -> None:
    event = replace(EVENT, names=EVENT.names._replace(model="mystery-9"), cost=None, cost_list=None)
    charged = bill(event, book)
    assert charged.total is None
    assert charged.difference is None
