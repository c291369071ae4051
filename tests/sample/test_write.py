"""Made-up logs are what their ledger says, to the token, and the same for the same arguments."""

import json
from pathlib import Path

import pytest

from tests.plain_sums import claude_code, codex, plain_sums
from tests.sample import sample_data
from tokenmon.sample import GENERATORS, Expected, SampleLedger, big_claude_tree, big_codex_tree, write_sample
from tokenmon.sample.generator import Stamps

NOW = 1_795_200_000_000


def made(directory: Path, seed: int = 1, events: int = 600, bad: int = 9, days: int = 6) -> SampleLedger:
    return write_sample(directory, events=events, days=days, bad=bad, seed=seed, now_ms=NOW)


def tree(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_the_same_arguments_write_the_same_bytes(tmp_path: Path) -> None:
    assert made(tmp_path / "a") == made(tmp_path / "b")
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_another_seed_writes_other_logs(tmp_path: Path) -> None:
    assert made(tmp_path / "a").totals != made(tmp_path / "b", seed=2).totals


@pytest.mark.parametrize("seed", range(6))
def test_the_ledger_is_what_plain_arithmetic_finds_in_the_files(tmp_path: Path, seed: int) -> None:
    ledger = made(tmp_path, seed)
    found = plain_sums(tmp_path)
    assert found.keys() == ledger.dialects.keys()
    for dialect, sums in found.items():
        expected = ledger.dialects[dialect]
        counts = {name: count or 0 for name, count in sums.counts.items()}
        assert Expected(
            requests=sums.requests, errors=sums.errors, cost_logged=sums.cost_logged or 0, logged=sums.logged, **counts
        ) == expected  # fmt: skip
        models = {model: count.requests for model, count in ledger.models[dialect].items() if count.requests}
        assert dict(sums.models) == models


@pytest.mark.parametrize("bad", [0, 1, 40])
def test_as_many_lines_are_invalid_as_were_asked_for(tmp_path: Path, bad: int) -> None:
    ledger = made(tmp_path, bad=bad)
    assert ledger.bad == bad
    assert sum(sums.bad for sums in plain_sums(tmp_path).values()) == bad


def test_there_are_as_many_calls_as_were_asked_for_and_some_of_each_dialect(tmp_path: Path) -> None:
    ledger = made(tmp_path, events=100)
    assert ledger.totals.requests == 100
    assert all(ledger.dialects[generator.dialect].requests >= 10 for generator in GENERATORS)


def test_no_call_is_later_than_now_or_earlier_than_the_days_asked_for(tmp_path: Path) -> None:
    made(tmp_path, days=3)
    stamp = Stamps()
    for path in (tmp_path / "native").glob("*.jsonl"):
        times = [line[7:31] for line in path.read_bytes().splitlines()]
        assert times == sorted(times)
        assert stamp(NOW - 3 * 86_400_000) <= times[0]
        assert times[-1] < stamp(NOW)


def test_without_calls_there_is_only_an_empty_directory(tmp_path: Path) -> None:
    ledger = made(tmp_path / "new", events=0, bad=5)
    assert (ledger.totals, ledger.bad, ledger.size) == (Expected(), 0, 0)
    assert list((tmp_path / "new").iterdir()) == []


def test_the_ledger_knows_the_size(tmp_path: Path) -> None:
    assert made(tmp_path).size == sum(map(len, tree(tmp_path).values()))


def test_the_logs_have_the_traps_of_their_formats(tmp_path: Path) -> None:
    made(tmp_path, events=2_000)
    text = {dialect: b"".join(tree(tmp_path / dialect).values()) for dialect in ("claude-code", "codex")}
    assert b'"isSidechain":true' in text["claude-code"]
    assert b'{\\"usage\\":{' in text["claude-code"], "a tool result that talks about usage"
    assert b'"forked_from_id"' in text["codex"]
    assert b'"info":null' in text["codex"]
    assert (tmp_path / "gh-aw-firewall/token-tracker-audit.jsonl").exists()


def test_a_large_tree_has_the_size_and_the_sums_it_says(tmp_path: Path) -> None:
    ledger = big_claude_tree(tmp_path, 7_000_000)
    files = tree(tmp_path)
    assert ledger.size == sum(map(len, files.values()))
    assert ledger.size == pytest.approx(7_000_000, rel=0.02)
    found = claude_code(tmp_path)
    assert (found.requests, found.total) == (ledger.totals.requests, ledger.totals.total)
    lines = b"".join(files.values()).splitlines()
    assert len(lines) / (ledger.size / 1e6) == pytest.approx(213, rel=0.12)
    assert all(json.loads(line) for line in lines)


def test_a_large_tree_of_rollouts_has_the_sums_it_says(tmp_path: Path) -> None:
    ledger = big_codex_tree(tmp_path, 7_000_000)
    found = codex(tmp_path)
    assert (found.requests, found.total) == (ledger.totals.requests, ledger.totals.total)
    assert ledger.size == sum(map(len, tree(tmp_path).values())) == pytest.approx(7_000_000, rel=0.02)


def test_the_committed_sample_is_what_the_generators_write(tmp_path: Path) -> None:
    sample_data.write(tmp_path)
    assert tree(sample_data.SAMPLE_DATA) == tree(tmp_path)


def test_the_committed_sample_stays_small() -> None:
    assert sum(map(len, tree(sample_data.SAMPLE_DATA).values())) < 1_500_000
