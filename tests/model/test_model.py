"""The short form of `python -m tests.model`, which goes on from seed to seed for as long as one likes."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.model.driver import Ingesters
from tests.model.history import READING, WRITING, made_of, play, read, shortened, written

STEPS = 60


@pytest.fixture(name="ingesters", scope="module")
def _ingesters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingesters]:
    with Ingesters(tmp_path_factory.mktemp("home")) as ingesters:
        yield ingesters


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_in_whatever_order_rows_and_offsets_are_exact(seed: int, ingesters: Ingesters) -> None:
    history = made_of(seed, STEPS)
    if play(history, ingesters) is not None:
        shorter, failure = shortened(history, ingesters, seconds=20)
        kept = Path(tempfile.gettempdir()) / f"tokenmon-model-{seed}.actions"
        kept.write_text(written(shorter))
        again = f"again: python -m tests.model --seed {seed} --steps {STEPS} --minutes 0, or --actions {kept}"
        pytest.fail(f"seed {seed}, {failure.what}; {again}\n{written(shorter)}")


def test_a_history_is_the_same_for_a_seed_and_can_be_kept() -> None:
    history = made_of(7, 2_000)
    assert history == made_of(7, 2_000) == read(written(history))
    assert {action.name for action in history} == WRITING.keys() | READING.keys()
