"""Codes by the handful: paused and resumed, copied, and made by the hundred."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from shop.db import db
from shop.domain.audit.models import AuditEntry
from shop.domain.promotions.codes import sentence_of
from shop.domain.promotions.models import DiscountCode
from shop.domain.promotions.queries import find_code
from shop.domain.promotions.series import MakeSeries, copy_code, make_series, pause_code, resume_code
from shop.errors import Conflict, Invalid, NotFound, Unknown
from tests.conftest import make_staff
from tests.domain.promotions.codes import make_code


@pytest.fixture
def staff(app):
    return make_staff()


def series(code, staff, prefix="summer", count=20, **more):
    return make_series(code.public_id, MakeSeries(prefix=prefix, count=count, **more), staff)


def codes(prefix="SUMMER-"):
    db.session.rollback()
    return list(db.session.scalars(db.select(DiscountCode).where(DiscountCode.code.startswith(prefix))))


def audited():
    db.session.rollback()
    return list(db.session.scalars(db.select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_paused_code_is_none_to_shoppers_until_it_is_resumed(staff):
    code = make_code()
    assert pause_code(code.public_id, None, staff) == "Paused" and pause_code(code.public_id, None, staff) == ""
    with pytest.raises(Unknown):
        find_code("SPRING")
    db.session.rollback()
    assert resume_code(code.public_id, None, staff) == "Resumed"
    assert find_code("SPRING").is_active
    assert audited()[1:] == ["discount_code.paused", "discount_code.resumed"]


def test_a_copy_is_paused_and_has_the_rule_under_a_free_name(staff):
    code = make_code("A" * 40, minimum="50", maxUses=7, maxUsesPerCustomer=1)
    names = [copy_code(code.public_id, staff).code for _ in range(2)]
    assert names == ["A" * 38 + "-2", "A" * 38 + "-3"]
    copy = codes(names[0])[0]
    assert sentence_of(copy) == f"{sentence_of(code)} It is paused." and copy.used == 0


def test_a_series_has_one_rule_and_ends_that_nobody_guesses(staff):
    code = make_code(value="15", minimum="20", endsOn="2030-01-01", maxUses=3)
    assert series(code, staff, count=200, maxUses=1).count == 200
    made = codes()
    assert len({each.code for each in made}) == len(made) == 200
    assert all(re.fullmatch(r"SUMMER(-[2-9A-HJKMNP-TV-Z]{4}){3}", each.code) for each in made)
    sentence = "15% off everything in orders of $20.00 or more until 1 Jan 2030, once in all."
    assert {sentence_of(each) for each in made} == {sentence}
    assert len({each.public_id for each in made}) == 200 and find_code(made[0].code.lower()) == made[0]
    assert audited().count("discount_code.series_made") == 1


def test_a_series_is_made_once_though_asked_for_by_many(app, staff):
    code = make_code()

    def ask(_):
        with app.app_context():
            try:
                return series(code, staff).count
            except Conflict:
                return 0

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(ask, range(4))) == [0, 0, 0, 20]
    assert len(codes()) == 20


@pytest.mark.parametrize("prefix", ["ÄB", "a b", "--"])
def test_a_beginning_that_no_code_may_have_is_refused(staff, prefix):
    with pytest.raises(Invalid, match="Use letters"):
        series(make_code(), staff, prefix=prefix)


def test_what_is_gone_is_neither_paused_nor_copied_nor_multiplied(staff):
    for act in (lambda: pause_code("disc_x", None, staff), lambda: copy_code("disc_x", staff)):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(NotFound):
        make_series("disc_x", MakeSeries(prefix="NEW", count=1), staff)
