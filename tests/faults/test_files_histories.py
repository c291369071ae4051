"""Whatever happened to its file, every line counts once, and the offset stands where it should.

Every scenario is told to the real ingester, started anew for every look and running on, of lines with ids and without.
A naive tailer is told the same: it fails where it is known to, so the scenarios bite.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults import scenarios
from tests.faults.scenarios import SCENARIOS, Logs, Scenario
from tests.faults.tailers import Naive, Restarted, Staying, staying, tell
from tests.ingest.ingesting import rollups_are_exact

Hold = Callable[[Scenario], None]


@pytest.fixture(params=["with ids", "without ids"])
def hold(request: pytest.FixtureRequest, tmp_path: Path) -> Hold:
    """Hold the real ingester against a scenario."""
    ids = request.param == "with ids"

    def _hold(scenario: Scenario) -> None:
        running = Logs(tmp_path / "running", ids=ids)
        with staying(running.directory, tmp_path / "running.db") as tailer:
            _check(scenario, running, tailer)
        if not scenario.running:
            stopped = Logs(tmp_path / "stopped", ids=ids)
            _check(scenario, stopped, Restarted(stopped.directory, tmp_path / "stopped.db"))

    return _hold


def _check(scenario: Scenario, logs: Logs, tailer: Staying | Restarted) -> None:
    tell(scenario, logs, tailer)
    assert tailer.counted() == sorted(scenario.counts)
    assert tailer.offsets() == sorted((name, len(logs.written(each))) for name, each in scenario.offsets.items())
    assert tailer.rejects() == scenario.rejects
    assert rollups_are_exact(tailer.database)
    with closing(sqlite3.connect(tailer.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_fault_016_lines_appended_while_nobody_read_count_once(hold: Hold) -> None:
    hold(scenarios.appended)


def test_fault_017_the_offset_stands_before_a_torn_last_line(hold: Hold) -> None:
    hold(scenarios.torn)


def test_fault_017_a_torn_last_line_counts_once_it_is_finished(hold: Hold) -> None:
    hold(scenarios.torn_and_finished)


def test_fault_019_a_larger_file_of_the_same_inode_is_read_whole(hold: Hold) -> None:
    hold(scenarios.made_anew_larger)


def test_fault_020_a_smaller_file_of_another_name_and_the_same_inode_is_read_whole(hold: Hold) -> None:
    hold(scenarios.another_name_smaller)


def test_fault_021_a_truncated_file_that_grew_again_is_read_whole(hold: Hold) -> None:
    hold(scenarios.truncated_and_grown_smaller)


def test_fault_022_a_truncated_file_that_grew_larger_than_before_is_read_whole(hold: Hold) -> None:
    hold(scenarios.truncated_and_grown_larger)


def test_fault_022_a_truncated_file_whose_lines_end_like_those_before_is_read_whole(hold: Hold) -> None:
    hold(scenarios.truncated_and_grown_with_lines_that_end_alike)


def test_a_file_rewritten_in_the_same_size_is_read_whole(hold: Hold) -> None:
    hold(scenarios.rewritten_in_the_same_size)


def test_fault_023_the_end_that_copytruncate_left_only_in_the_copy_counts(hold: Hold) -> None:
    hold(scenarios.copytruncate_with_an_unread_end)


def test_fault_024_copytruncate_under_a_writer_costs_and_doubles_nothing(hold: Hold) -> None:
    hold(scenarios.copytruncate_under_a_writer)


def test_fault_024_the_hole_before_a_writer_that_keeps_its_place_is_one_invalid_line(hold: Hold) -> None:
    hold(scenarios.copytruncate_under_a_writer_that_keeps_its_place)


def test_fault_025_ends_that_were_renamed_away_twice_count(hold: Hold) -> None:
    hold(scenarios.renamed_twice)


def test_fault_026_what_is_written_to_a_renamed_file_counts(hold: Hold) -> None:
    hold(scenarios.written_to_after_the_rename)


def test_fault_026_what_is_written_to_a_file_renamed_out_of_sight_counts_for_a_while(hold: Hold) -> None:
    hold(scenarios.written_to_after_it_was_renamed_out_of_sight)


def test_fault_027_a_file_renamed_out_of_sight_is_read_to_its_end(hold: Hold) -> None:
    hold(scenarios.renamed_away_while_unread)


def test_fault_028_a_deleted_file_is_read_to_its_end(hold: Hold) -> None:
    hold(scenarios.deleted_while_unread)


def test_fault_029_a_rewrite_in_one_step_adds_its_new_lines_only(hold: Hold) -> None:
    hold(scenarios.rewritten_in_one_step)


def test_fault_030_a_copy_in_its_place_adds_its_new_lines_only(hold: Hold) -> None:
    hold(scenarios.replaced_by_a_copy)


def test_fault_031_a_copy_beside_counts_once_and_both_may_go_on_differently(hold: Hold) -> None:
    hold(scenarios.copied_beside)


def test_a_file_moved_between_disks_goes_on(hold: Hold) -> None:
    hold(scenarios.moved_between_disks)


def test_a_file_moved_out_and_back_goes_on(hold: Hold) -> None:
    hold(scenarios.moved_out_and_back)


def test_fault_032_a_file_cut_within_a_line_costs_that_line_only(hold: Hold) -> None:
    hold(scenarios.cut_in_the_middle_of_a_line)


def test_fault_033_two_names_that_were_swapped_cost_nothing(hold: Hold) -> None:
    hold(scenarios.swapped)


def test_fault_034_files_that_share_their_first_kibibyte_are_both_read(hold: Hold) -> None:
    hold(scenarios.the_same_first_kibibyte)


def test_fault_035_files_that_are_the_same_from_the_first_byte_count_once(hold: Hold) -> None:
    hold(scenarios.the_same_from_the_first_byte)


def test_fault_040_files_with_hardly_a_line_in_them_are_no_trouble(hold: Hold) -> None:
    hold(scenarios.hardly_any_lines)


def test_fault_040_a_last_line_without_its_newline_counts_once(hold: Hold) -> None:
    hold(scenarios.without_the_last_newline)


def test_fault_044_a_gzip_archive_adds_only_what_was_not_read_before(hold: Hold) -> None:
    hold(scenarios.compressed_with_an_unread_end)


def test_fault_044_a_zstandard_archive_adds_only_what_was_not_read_before(hold: Hold) -> None:
    hold(scenarios.compressed_otherwise_with_an_unread_end)


def test_fault_045_times_in_1970_and_2099_change_nothing(hold: Hold) -> None:
    hold(scenarios.strangely_dated)


LOST_BY_INODES = {
    "made_anew_larger",
    "another_name_smaller",
    "truncated_and_grown_smaller",
    "truncated_and_grown_larger",
    "truncated_and_grown_with_lines_that_end_alike",
    "rewritten_in_the_same_size",
    "cut_in_the_middle_of_a_line",
    "copytruncate_with_an_unread_end",
    "copytruncate_under_a_writer",
    "written_to_after_it_was_renamed_out_of_sight",
    "renamed_away_while_unread",
    "deleted_while_unread",
    "compressed_with_an_unread_end",
    "compressed_otherwise_with_an_unread_end",
}
"""Where somebody who knows inodes and offsets only loses lines."""

DOUBLED_BY_INODES = {
    "copytruncate_with_an_unread_end",
    "copytruncate_under_a_writer",
    "copytruncate_under_a_writer_that_keeps_its_place",
    "rewritten_in_one_step",
    "replaced_by_a_copy",
    "copied_beside",
    "moved_between_disks",
    "the_same_from_the_first_byte",
}
"""Where they count lines twice."""


def test_a_naive_tailer_loses_and_doubles_lines_where_it_is_known_to(tmp_path: Path) -> None:
    lost, doubled = set(), set()
    for scenario in SCENARIOS:
        logs = Logs(tmp_path / scenario.name, ids=False)
        naive = Naive(logs.directory)
        tell(scenario, logs, naive)
        counted = Counter(naive.counted())
        if not counted.keys() >= set(scenario.counts):
            lost.add(scenario.name)
        if max(counted.values()) > 1:
            doubled.add(scenario.name)
    assert lost == LOST_BY_INODES
    assert doubled == DOUBLED_BY_INODES
