"""The mistakes that `make prove-mutants` makes, and that what it lists as equivalent is still in the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.equivalent_mutants import EQUIVALENT
from bench.mutants import code_of, mutants_of
from bench.record import ROOT

SOURCE = """
LIMIT = 3

@operation
def take(row, units, *, note=""):
    '''Take units.'''
    if row.left < units:
        raise Short(units)
    row.left -= units
    return tell(row, units, note=note)
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "rules.py").write_text(SOURCE)
    return tmp_path


def test_each_kind_of_mistake_is_made_once_and_told_by_its_place(rules):
    names = [mutant.name for mutant in mutants_of("rules.py", rules)[1]]
    assert names == [
        "LIMIT: constant: 3 -> 4",
        "LIMIT: constant: 3 -> 2",
        "take: constant: '' -> 'x'",
        "take: comparison: row.left < units -> row.left <= units",
        "take: comparison: row.left < units -> row.left >= units",
        "take: left out: raise Short(units) -> pass",
        "take: arithmetic: row.left -= units -> row.left += units",
        "take: left out: row.left -= units -> pass",
        "take: return: return tell(row, units, note=note) -> return None",
        "take: swapped: tell(row, units, note=note) -> tell(units, row, note=note)",
        "take: left out note=: tell(row, units, note=note)",
    ]


def test_a_mistake_changes_its_function(rules):
    def of(code):
        return code.co_code, code.co_consts, code.co_names

    right = of(code_of(compile(SOURCE, "rules.py", "exec"), "take"))
    inside = [mutant.name for mutant in mutants_of("rules.py", rules)[1] if mutant.function == "take"]
    assert len(inside) == 8
    for name in inside:
        tree, mutants = mutants_of("rules.py", rules)
        mistaken = next(mutant for mutant in mutants if mutant.name == name).code(tree)
        assert of(code_of(mistaken, "take")) != right


@pytest.mark.parametrize("module", EQUIVALENT)
def test_what_is_listed_as_equivalent_is_in_the_code_and_has_its_reason(module):
    there = {mutant.name for mutant in mutants_of(module, ROOT)[1]}
    assert set(EQUIVALENT[module]) <= there
    assert all(len(reason) > 10 for reason in EQUIVALENT[module].values())
