"""An ingester that is killed whenever one likes, while logs are written and rotated: nothing is lost or doubled.

The short form of `python -m tests.torture`.
"""

from pathlib import Path

from tests.ingest.ingesting import expected, inputs, natives, rows
from tests.model.driver import Ingesters
from tests.torture.torture import Torture, run

LIVES = 200


def is_exact(place: Path, *, rotations: tuple[str, ...], ids: bool) -> None:
    """Torture an ingester of two writers for some seconds."""
    torture = Torture(
        seed=3, seconds=2.0, lines=3_000, writers=2, kills=3, life_s=(0.3, 1.3), ids=(ids,), rotations=rotations
    )
    outcome = run(torture, place)
    assert outcome.wrong == []
    assert outcome.kills >= torture.kills
    assert outcome.calls > 0
    assert outcome.rotations > 0


def test_fault_001_killed_while_logs_are_renamed_every_call_counts_once(tmp_path: Path) -> None:
    is_exact(tmp_path, rotations=("rename",), ids=True)


def test_fault_002_killed_while_logs_are_copied_and_truncated_every_call_counts_once(tmp_path: Path) -> None:
    is_exact(tmp_path, rotations=("copy_and_truncate",), ids=True)


def test_fault_003_killed_while_logs_without_ids_are_rotated_every_call_counts_once(tmp_path: Path) -> None:
    is_exact(tmp_path, rotations=("rename", "copy_and_truncate", "compress"), ids=False)


def test_fault_009_killed_before_it_ever_comes_to_rest_it_still_gets_ahead(tmp_path: Path) -> None:
    logs, database = tmp_path / "logs", tmp_path / "t.db"
    logs.mkdir()
    log, steps, offset = logs / "a.jsonl", 0, 0
    with Ingesters(tmp_path) as ingesters:
        for life in range(LIVES):
            with log.open("ab") as file:
                file.write(natives(range(life * 5, life * 5 + 5)))
            assert ingesters.ask(tmp_path, do="look", statement=1 + life * 7 % 60) == {"ended": -9}
            before, offset = offset, max(stored_up_to(database), default=0)
            assert before <= offset <= log.stat().st_size
            steps += before < offset
        ingesters.ask(tmp_path, do="once")
    assert steps > LIVES // 10
    assert stored_up_to(database) == [log.stat().st_size]
    assert inputs(database) == expected(range(LIVES * 5))


def stored_up_to(database: Path) -> list[int]:
    """The offset of every source; none while there are no tables."""
    if not rows(database, "SELECT 1 FROM sqlite_master WHERE name = 'source'"):
        return []
    return [offset for (offset,) in rows(database, "SELECT off FROM source")]
