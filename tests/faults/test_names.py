"""Names of any length and in any script, and more of them than anybody has: stored harmless, shown in their columns."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.ingest.ingesting import expected, ingest, inputs, native, rollups_are_exact, rows
from tests.store.building import a_copy, a_row, a_source, a_step, an_event, check_invariant, commit
from tests.ui.driving import driven
from tokenmon.events import MAX_COUNT, Basis, Event, Names
from tokenmon.settings import Settings
from tokenmon.source import Row
from tokenmon.store.alerts import OVERFLOW_MS
from tokenmon.store.schema import OVERFLOW
from tokenmon.store.writer import Writer
from tokenmon.text import NAME_BYTES

START_MS = 1_780_000_000_000
NAMES = {
    "emoji": "model-👩‍👩‍👧‍👦-🏳️‍🌈-🚀",
    "wide": "模型日本語モデル한국어",
    "combining": "e" + "\u0301" * 50 + "nd",
    "right to left": "نموذج-דגם",
    "overridden": "safe\u202egnp.exe\u202c",
    "isolated": "a\u2066b\u2069c",
    "invisible": "in\u200bvis\u2060ible\ufeff",
    "half-width": "ｶﾀｶﾅ",
    "controls": "a\x1b[31mb\x07\x9b2J",
    "lines": "one\ntwo\r\nthree\ttabs\u2028four",
    "tags": "\U000e0041\U000e0042",
    "private": "a \ue000\uf8ff",
    "long": "x" * NAME_BYTES,
}


COST = "? n/a"
"""The cost of each of them, as no price is known."""


def test_fault_066_empty_and_overlong_names_cost_their_line(tmp_path: Path) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    bad = ("", " ", "\t\n", "x" * (NAME_BYTES + 1), "é" * 200, "x" * 10_000)
    log.write_bytes(b"".join(native(0) + native(1, model=name) for name in bad))
    ingest(database, log)
    assert inputs(database) == expected([0] * len(bad))
    assert rows(database, "SELECT rejects FROM source") == [(len(bad),)]


def test_fault_066_names_are_stored_short_and_harmless(tmp_path: Path) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    log.write_bytes(b"".join(native(n, model=name, project=name) for n, name in enumerate(NAMES.values())))
    ingest(database, log)
    stored = [name for (name,) in rows(database, "SELECT model FROM series")]
    assert len(stored) == len(NAMES)
    for name in stored:
        assert len(name.encode()) <= NAME_BYTES
        assert not {unicodedata.category(each) for each in name} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        assert not any(
            all(unicodedata.category(each)[0] == "M" for each in name[at : at + 4]) for at in range(len(name) - 3)
        )


def test_fault_066_composed_and_decomposed_are_one_name(tmp_path: Path) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    log.write_bytes(native(0, project=unicodedata.normalize("NFC", "Café")) + native(1, project="Cafe\u0301"))
    ingest(database, log)
    assert rows(database, "SELECT project, count(*) FROM event JOIN series ON id = series GROUP BY 1") == [("Café", 2)]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_fault_066_no_name_moves_a_column(tmp_path: Path, size: tuple[int, int]) -> None:
    log, database = tmp_path / "a.jsonl", tmp_path / "t.db"
    named = b"".join(native(n, model=name, api_key_name=name) for n, name in enumerate(NAMES.values()))
    log.write_bytes(named + native(50, model="plain", api_key_name="plain"))
    ingest(database, log)
    async with driven(database, size, now=lambda: START_MS + 3_600_000, range="all") as driver:
        for panel in ("2", "3", "5"):
            await driver.press(panel)
            await driver.until(lambda: sum(COST in row for row in driver.rows) > len(NAMES))
            columns = {cell_len(row[: row.index(COST)]) for row in driver.rows if COST in row}
            assert driver.fits()
            assert {cell_len(row) for row in driver.rows} == {size[0]}
            assert len(columns) == 2, driver.text  # that of the table, and that of the sums above it


# -- very many names


def test_fault_070_a_million_names_do_not_make_a_million_series(tmp_path: Path) -> None:
    """Six thousand of them beyond a limit of sixty; sums stay exact, and what was told goes when it is over."""
    log, database, few = tmp_path / "a.jsonl", tmp_path / "t.db", Settings(max_series=100)
    log.write_bytes(b"".join(native(n % 60, model=f"model-{n}") for n in range(6_000)))
    ingest(database, log, settings=few)
    assert rows(database, "SELECT count(*) FROM event") == [(6_000,)]
    assert rows(database, "SELECT count(*) <= 111 FROM series") == [(1,)]
    assert rollups_are_exact(database)
    assert rows(database, "SELECT count(*) FROM event JOIN series ON id = series WHERE model = ?", OVERFLOW) > [
        (5_800,)
    ]
    alert = "SELECT subject, severity, state FROM alert WHERE kind = 'series_overflow'"
    assert rows(database, alert) == [(f"model {log}", "warning", "firing")]
    with log.open("ab") as file:
        file.write(native(7, model="model-1") + native(7, project="still told apart"))
    ingest(database, log, settings=few)
    assert rows(database, "SELECT count(*) FROM series WHERE project = 'still told apart'") == [(1,)]
    writer = Writer.open(database)
    (updated,) = rows(database, "SELECT updated FROM alert WHERE kind = 'series_overflow'")[0]
    writer.set_alerts([], updated + OVERFLOW_MS + 1)
    writer.close()
    assert rows(database, alert) == [(f"model {log}", "warning", "ok")]


# -- what passes validation and cannot be stored

WHOLE = st.integers(0, MAX_COUNT) | st.sampled_from([2**63, -(2**63) - 1, 10**30])
"""What a dialect lets through, and what no integer of the database holds."""
TEXT = st.text(st.characters(codec=None), max_size=8)  # halves of surrogates too
EVENTS = st.builds(
    Event,
    ts=st.integers(START_MS, START_MS + 10**7) | st.just(2**63),
    names=st.builds(Names, *[TEXT] * len(Names._fields)),
    input=WHOLE,
    output=WHOLE,
    cache_read=st.none() | WHOLE,
    cache_write_5m=st.none() | WHOLE,
    reasoning=st.none() | WHOLE,
    cost_logged=st.none() | WHOLE,
    web_searches=WHOLE,
    id=TEXT,
    attempt=TEXT,
    rewritten=st.booleans(),
    session=TEXT,
    request_id=TEXT,
    keeps_details=st.booleans(),
    metadata=TEXT,
    status=st.none() | WHOLE,
    error=TEXT,
    latency_ms=st.none() | WHOLE,
    ttft_ms=st.none() | WHOLE,
    basis=st.sampled_from([Basis.EXACT, Basis.AGGREGATE]),
)


@settings(max_examples=20, deadline=None)
@given(poison=st.lists(EVENTS, min_size=1, max_size=4))
def test_fault_068_whatever_an_event_holds_it_takes_no_other_with_it(
    tmp_path_factory: pytest.TempPathFactory, poison: list[Event]
) -> None:
    """A thousand neighbours in one batch are all stored, and what could not be is counted; nothing is tried again."""
    path = tmp_path_factory.mktemp("poison") / "t.db"
    fine: list[Row] = [a_row(an_event(str(n), at=n, input=5)) for n in range(20)]
    fine += [a_copy(f"m{n}", output=5, at=n) for n in range(20)]
    bad = [a_row(event, offset=1_000 + n) for n, event in enumerate(poison)]
    writer = Writer.open(path)
    done = commit(writer, a_step(a_source(), [*fine[:10], *bad, *fine[10:]]))
    writer.close()
    neighbours = {row.identity for row in fine}
    stored = {h for (h,) in rows(path, "SELECT h FROM event")}
    assert neighbours <= stored
    assert rows(path, "SELECT events + duplicates + rejects, rejects FROM source") == [(40 + len(bad), done.refused)]
    assert done.events + done.refused + done.duplicates == 40 + len(bad)
    check_invariant(path)
