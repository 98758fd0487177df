"""Every address of the admin, asked for by a guest, a customer, a member of staff without permission, and the owner."""

from __future__ import annotations

import pytest

from shop.db import db
from shop.domain.catalog.models import Attribute, Category, Collection, Product, Variant
from shop.domain.customers.models import User
from shop.domain.imports.models import CatalogueFile
from shop.domain.orders.models import Order
from shop.domain.payments.differences import note_difference
from shop.domain.payments.models import Dispute, PaymentDifference, ProviderEvent
from shop.domain.promotions.models import DiscountCode
from shop.domain.reviews.models import Review
from shop.domain.reviews.operations import submit_review
from shop.domain.search.models import Synonym
from shop.domain.shipping_zones.models import ShippingZone, ZoneMethod
from shop.domain.staff_tasks.models import StaffTask
from shop.domain.tax_zones.models import TaxZone
from shop.policies import ANY_STAFF, policy_of
from tests.admin.pages import sign_in, value_of
from tests.conftest import make_customer, make_product, make_staff, placed_order, variants_of
from tests.domain.payments.stories import make_dispute, make_event
from tests.domain.reviews.stories import delivered_order, words
from tests.domain.shipping_zones.stories import make_method
from tests.domain.shipping_zones.stories import make_zone as make_shipping_zone
from tests.domain.tax_zones.zones import make_zone
from tests.storefront.pages import sign_in as sign_in_as_customer

OPEN_TO_ALL = {"admin_entry.show_sign_in", "admin_entry.sign_in", "admin_entry.sign_out"}


def admin_rules(app):
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule == "/admin" or rule.rule.startswith("/admin/")]
    return [(rule, method) for rule in rules for method in sorted(rule.methods & {"GET", "POST"})]


@pytest.fixture
def full_shop(app, terms):
    """One of everything that the admin has a page for."""
    from shop.domain.catalog.attributes import AttributeWish, create_attribute
    from shop.domain.catalog.bulk import ADD_TAG, TagWish
    from shop.domain.catalog.collections import SaveCollection, save_collection
    from shop.domain.catalog.operations import save_category
    from shop.domain.imports.uploads import keep_catalogue, read_catalogue
    from shop.domain.search.synonyms import save_synonym
    from shop.domain.staff_tasks.operations import queue_task
    from tests.domain.promotions.codes import make_code

    save_category("face", "Face care")
    make_product("Amber")
    make_dispute(placed_order(terms, (variants_of(make_product("Balm"))[0], 1), confirm=True))
    actor = make_staff(email="first@example.com")
    create_attribute(AttributeWish(label="Skin types"), actor)
    product = db.session.scalars(db.select(Product.public_id)).first()
    reviewed = make_product("Reviewed")
    submit_review(delivered_order(terms, actor, reviewed).id, reviewed.public_id, words())
    save_collection(SaveCollection.model_validate({"slug": "gifts", "name": "Gifts"}), actor)
    save_synonym(["edp", "perfume"], actor)
    make_method(make_shipping_zone(countries="JO"))
    make_code()
    queue_task(ADD_TAG.kind, TagWish(tag="new"), [product], actor, "key")
    content = b"Handle,Title,Variant Price\na,A,1.00\n"
    keep_catalogue("a.csv", content, read_catalogue(content, "USD"), actor, sets_stock=False)
    make_zone("DE")
    note_difference("books_payment", "pi_1", "Amber differs.")
    make_event()
    make_customer()


def path_of(rule):
    model = {
        "collections": Collection.public_id,
        "categories": Category.public_id,
        "attributes": Attribute.public_id,
        "products": Product.public_id,
        "inventory": Variant.public_id,
        "users": User.public_id,
        "guests": Order.public_id,
        "orders": Order.public_id,
        "reviews": Review.public_id,
        "shipping-methods": ZoneMethod.public_id,
        "shipping-zones": ShippingZone.public_id,
        "synonyms": Synonym.public_id,
        "differences": PaymentDifference.public_id,
        "disputes": Dispute.public_id,
        "webhooks": ProviderEvent.public_id,
        "discount-codes": DiscountCode.public_id,
        "tasks": StaffTask.public_id,
        "taxes": TaxZone.public_id,
        "imports": CatalogueFile.public_id,
    }
    if "<" not in rule.rule:
        return rule.rule
    noun = rule.rule.split("/")[2]
    first = db.select(model[noun]).order_by(model[noun].class_.id) if noun != "audit" else None
    name = "1" if first is None else db.session.scalars(first).first()
    return rule.rule.replace("<public_id>", name).replace("<image_id>", "img_1")


def ask(browser, rule, method):
    path = path_of(rule)
    if method == "GET":
        return browser.get(path)
    page = browser.get("/admin")
    token = value_of(page, "csrf_token") if "csrf_token" in page.text else ""
    return browser.post(path, data={"csrf_token": token})


def test_every_view_of_the_admin_is_for_staff(app):
    for rule, _ in admin_rules(app):
        declared = policy_of(app, rule.endpoint)
        assert (declared.kind == "staff") != (rule.endpoint in OPEN_TO_ALL), rule.rule
        assert declared.form_token


def test_a_guest_is_led_to_the_sign_in_everywhere(app, client, full_shop):
    for rule, method in admin_rules(app):
        if rule.endpoint in OPEN_TO_ALL:
            continue
        answer = ask(client, rule, method)
        assert answer.status_code == 303 and answer.location.startswith("/admin/sign-in"), (rule.rule, method)


def test_a_customer_gets_nowhere(app, client, full_shop):
    sign_in_as_customer(client)
    for rule, method in admin_rules(app):
        if rule.endpoint in OPEN_TO_ALL:
            continue
        answer = ask(client, rule, method)
        assert answer.status_code == 403, (rule.rule, method)
        assert "for its staff" in answer.text and "Amber" not in answer.text


def test_staff_without_the_permission_are_told_so(app, full_shop, staff_who_may):
    limited = staff_who_may("nothing")
    for rule, method in admin_rules(app):
        declared = policy_of(app, rule.endpoint)
        if declared.kind != "staff" or declared.permission == ANY_STAFF:
            continue
        answer = ask(limited, rule, method)
        assert answer.status_code == 403, (rule.rule, method)
        assert "Your role does not allow this" in answer.text
    home = limited.get("/admin")
    assert home.status_code == 200 and "/admin/products" not in home.text
    assert limited.get(f"/admin/tasks/{db.session.scalars(db.select(StaffTask.public_id)).first()}").status_code == 404
    assert "Amber" not in limited.get("/admin/search?q=amber").text


def test_the_owner_may_read_everything(app, owner, full_shop):
    for rule, method in admin_rules(app):
        if method == "GET" and rule.endpoint not in OPEN_TO_ALL:
            answer = owner.get(path_of(rule))
            assert answer.status_code == 200, rule.rule
            assert answer.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_no_form_changes_anything_without_its_token(app, owner, full_shop, token):
    before = db.session.execute(db.text("SELECT COUNT(*) FROM audit_entries")).scalar()
    for rule, method in admin_rules(app):
        if method != "POST":
            continue
        answer = owner.post(path_of(rule), data={} if token is None else {"csrf_token": token})
        assert answer.status_code == 400, rule.rule
        assert "reload the page and try again" in answer.text
        path = path_of(rule)
        foreign = owner.post(path, data={"csrf_token": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
        assert foreign.status_code == 403
    db.session.rollback()
    assert db.session.execute(db.text("SELECT COUNT(*) FROM audit_entries")).scalar() == before


def test_the_rights_are_those_of_now(app, client):
    actor = make_staff("catalog:read", email="owner@example.com")
    sign_in(client, "owner@example.com")
    assert client.get("/admin/products").status_code == 200
    from shop.domain.customers.operations import save_staff_role

    save_staff_role("Test role", [])
    assert client.get("/admin/products").status_code == 403
    assert actor.may("catalog:read")
