"""The main job, end to end: what `tokenmon report` says about `sample_data/` is what plain arithmetic finds in it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.command import cache_home
from tests.dialects.cases import CASES
from tests.plain_sums import COUNTS, Sums, plain_sums
from tests.sample.sample_data import SAMPLE_DATA

LOCAL_MODEL = "acme-coder-70b"
"""Nobody's list has a price for it."""


def tokenmon(home: Path, *arguments: str, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """The JSON that a command prints, run as a user would, with a home directory of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TOKENMON_", "XDG_"))}
    environment |= {"HOME": str(home), "XDG_CACHE_HOME": cache_home()}
    done = subprocess.run(
        [sys.executable, "-m", "tokenmon", *arguments],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode in codes, done.stderr
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared by the tests of this module, so that the logs are read once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def expected() -> dict[str, Sums]:
    return plain_sums(SAMPLE_DATA) | {case.dialect: case.sums() for case in CASES}


def row_of(sums: Sums) -> dict[str, Any]:
    """The fields of a report's row that the logs alone decide."""
    return {
        "requests": sums.requests,
        "errors": sums.errors,
        **{f"{name}_tokens": sums.counts[name] for name in COUNTS},
        "total_tokens": sums.total,
        "cost_logged_usd": None if sums.cost_logged is None else sums.cost_logged / 1e9,
    }


def together(parts: list[Sums]) -> Sums:
    whole = Sums(
        requests=sum(part.requests for part in parts),
        errors=sum(part.errors for part in parts),
        cost_logged=sum(part.cost_logged or 0 for part in parts),
    )
    for name in COUNTS:
        whole.counts[name] = sum(part.counts[name] or 0 for part in parts)
    return whole


def test_the_totals_are_the_sums_of_the_files(home: Path, expected: dict[str, Sums]) -> None:
    report = tokenmon(home, "report", str(SAMPLE_DATA), "--json")
    assert report["schema"] == "tokenmon.report/1"
    assert report["rows"] == []
    wanted = row_of(together(list(expected.values())))
    assert {name: report["totals"][name] for name in wanted} == pytest.approx(wanted, abs=1e-9)


def test_every_dialect_has_its_own_sums(home: Path, expected: dict[str, Sums]) -> None:
    report = tokenmon(home, "report", str(SAMPLE_DATA), "--json", "--by", "dialect")
    rows = {row["dialect"]: row for row in report["rows"]}
    calling = {dialect: sums for dialect, sums in expected.items() if sums.requests}
    assert rows.keys() == calling.keys()
    for dialect, sums in calling.items():
        wanted = row_of(sums)
        found = {name: rows[dialect][name] for name in wanted}
        assert found == {name: pytest.approx(value, abs=1e-9) for name, value in wanted.items()}, dialect


def test_every_model_has_its_requests(home: Path, expected: dict[str, Sums]) -> None:
    report = tokenmon(home, "report", str(SAMPLE_DATA), "--json", "--by", "model")
    wanted = sum((sums.models for sums in expected.values()), start=type(expected["native"].models)())
    assert {row["model"] or "": row["requests"] for row in report["rows"]} == dict(wanted)


def test_only_the_model_without_a_price_is_unpriced(home: Path, expected: dict[str, Sums]) -> None:
    report = tokenmon(home, "report", str(SAMPLE_DATA), "--json", "--by", "model", "--where", "dialect=native")
    unpriced = {row["model"]: row["unpriced_requests"] for row in report["rows"] if row["unpriced_requests"]}
    assert unpriced == {LOCAL_MODEL: expected["native"].models[LOCAL_MODEL]}


def test_a_second_reading_counts_nothing_twice(home: Path, expected: dict[str, Sums]) -> None:
    for _ in range(2):
        report = tokenmon(home, "report", str(SAMPLE_DATA), "--json")
        assert report["totals"]["requests"] == sum(sums.requests for sums in expected.values())


def test_the_invalid_lines_are_counted_and_cost_only_themselves(home: Path, expected: dict[str, Sums]) -> None:
    tokenmon(home, "report", str(SAMPLE_DATA), "--json")
    # 2: nobody ingests once the report is printed.
    status = tokenmon(home, "status", str(SAMPLE_DATA), "--json", codes=(0, 2))
    rejects = {Path(source["path"]).name: source["rejects"] for source in status["sources"] if source["rejects"]}
    assert sum(rejects.values()) == sum(sums.bad for sums in expected.values()) >= 3
