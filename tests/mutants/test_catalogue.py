"""The list of mutants cannot rot: what each changes is still there, and so are the tests that must notice."""

import pytest

from tests.command import ROOT
from tests.mutants.catalogue import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.broken)
def test_what_a_mutant_breaks_stands_in_the_code_once(mutant: Mutant) -> None:
    code = (ROOT / "tokenmon" / mutant.file).read_text("utf-8")
    assert code.count(mutant.old) == 1
    assert mutant.new != mutant.old
    assert [each for each in mutant.tests if not (ROOT / "tests" / each).exists()] == []
