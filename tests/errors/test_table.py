"""The README's table of errors is what the command says, with that exit code; and no kind of error is left out."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.errors.refusals import REFUSALS, Place, Refusal
from tokenmon.errors import TokenmonError

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
SECTION = README[README.index("## When something is wrong") :].split("\n## ", 1)[0]
ROWS = dict(re.findall(r"^\| `(.+?)` \| .+ \| .+ \| (\d+) \|$", SECTION, re.MULTILINE))
"""What is said, and the exit code."""


def kinds(kind: type[TokenmonError] = TokenmonError) -> Iterator[type[TokenmonError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from kinds(below)


def pattern(said: str) -> str:
    return re.sub(r"\b[A-Z]+\b", ".+", re.escape(said))


def test_every_row_is_provoked_and_every_kind_of_error_has_a_row() -> None:
    assert list(ROWS) == [each.said for each in REFUSALS]
    assert {each.error for each in REFUSALS} == set(kinds())


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.said)
def test_the_command_says_what_the_table_tells(tmp_path: Path, refusal: Refusal) -> None:
    done = refusal.provoke(Place(tmp_path))
    *logged, line = done.err.splitlines()
    assert re.search(pattern(refusal.said), line)
    assert re.fullmatch(r"tokenmon: .+( \(.+\)| must be .+)", line), "what, where, and what to do"
    assert str(done.code) == ROWS[refusal.said]
    assert done.code == refusal.error.exit_code
    assert all(each.startswith("ingested ") for each in logged), "one line, no traceback"
