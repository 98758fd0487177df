"""One wrong row of many kinds, one at a time: the audit finds each, and nothing in a sound shop."""

from __future__ import annotations

import collections

import pytest
from flask import Flask

from bench.damage import broken_promises, find, guards_put_aside
from bench.damage_kinds import KINDS
from bench.orders import make_orders
from shop.domain.audit_checks.run import CHECKS
from tests.test_audit import lived_in  # noqa: F401 (a fixture)

pytestmark = [pytest.mark.both_databases, pytest.mark.breaks_invariants]


def test_there_are_many_kinds_in_every_area() -> None:
    areas = collections.Counter(damage.area for damage in KINDS)

    assert len({damage.what for damage in KINDS}) == len(KINDS) >= 25
    assert {"carts", "money", "stock", "orders", "messages", "catalogue"} <= areas.keys()
    assert min(areas.values()) >= 3
    assert {damage.promise for damage in KINDS} <= {check.promise for check in CHECKS}


def test_each_wrong_row_is_found_in_a_shop_that_lived(lived_in: Flask) -> None:  # noqa: F811
    assert broken_promises() == set()

    with guards_put_aside():
        found = {damage.what: find(damage) for damage in KINDS}

    assert [what for what, finding in found.items() if not finding.rows] == []
    assert all(all(finding.examples) for finding in found.values())
    assert broken_promises() == set()


def test_one_wrong_row_is_found_among_many(app: Flask) -> None:
    make_orders(200, products=40)
    assert broken_promises() == set()

    with guards_put_aside():
        missed = [damage.what for damage in KINDS if not find(damage).rows]

    assert missed == []
