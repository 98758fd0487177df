"""Collections in the admin: by hand or by rules, counted, under addresses that lead on."""

from __future__ import annotations

import pytest

from shop.db import db
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.collections import SaveCollection, save_collection
from shop.domain.catalog.models import Collection, FormerSlug
from shop.domain.catalog.operations import save_category
from tests.admin.pages import body, fields_of, keeping, send
from tests.conftest import make_product, variants_of

NEW, LIST = "/admin/collections/new", "/admin/collections"


def one(slug):
    db.session.rollback()
    return db.session.scalars(db.select(Collection).filter_by(slug=slug)).one()


def last_entry():
    db.session.rollback()
    return db.session.scalars(db.select(AuditEntry).order_by(AuditEntry.id.desc())).first()


@pytest.fixture
def soaps(app):
    face = save_category("face", "Face care")
    return [
        make_product("Rose", slug="rose", price="10.00", tags=["gift"], category_id=face.id),
        make_product("Cedar", slug="cedar", price="30.00", tags=["gift"]),
        make_product("Salt", slug="salt", price="20.00", stock=0),
    ]


def test_products_are_chosen_by_slug_sku_or_id_in_their_order(owner, client, soaps):
    rose, cedar, salt = soaps
    named = f"cedar\n{variants_of(salt)[0].sku}\n\n{rose.public_id}\ncedar"
    answer = send(owner, NEW, LIST, name="Gift ideas", products=named, isActive="true")

    page = owner.get(answer.location)
    assert "Products on sale 3" in body(page) and "By hand" in body(page)
    assert fields_of(page)["products"] == "cedar\nsalt\nrose" and fields_of(page)["slug"] == "gift-ideas"
    text = body(client.get("/collections/gift-ideas"))
    assert text.index("Cedar") < text.index("Salt") < text.index("Rose")
    assert last_entry().action == "collection.created"
    assert last_entry().after["products"] == ["cedar", "salt", "rose"]


def test_rules_are_fields_and_are_counted(owner, client, soaps):
    rules = {"tags": "gift", "maxPrice": "25", "inStock": "yes", "categories": "face CARE"}
    answer = send(owner, NEW, LIST, name="Small gifts", isActive="true", **rules)

    page = owner.get(answer.location)
    assert "Products on sale 1" in body(page) and "By rules" in body(page)
    assert one("small-gifts").rules == {"category": ["face"], "tag": ["gift"], "maxPrice": 2500, "inStock": True}
    fields = fields_of(page)
    assert (fields["categories"], fields["maxPrice"], fields["inStock"]) == ("face", "25.00", "yes")
    assert "Rose" in body(client.get("/collections/small-gifts"))
    assert send(owner, answer.location).status_code == 303
    assert last_entry().action == "collection.created"  # the same again writes nothing
    assert "Small gifts 1 By rules Yes" in body(owner.get(LIST))


def test_rules_that_came_from_elsewhere_are_kept(owner, soaps):
    rules = {"attr": {"size": ["30 ml", "50 ml"]}, "onSale": False}
    save_collection(SaveCollection.model_validate({"slug": "s", "name": "S", "rules": rules}), staff_actor())
    address = f"{LIST}/{one('s').public_id}"
    assert fields_of(owner.get(address))["attributes"] == "size: 30 ml\nsize: 50 ml"
    send(owner, address, name="Sizes")
    assert one("s").name == "Sizes" and one("s").rules == rules


def staff_actor():
    from shop.domain.actors import SYSTEM

    return SYSTEM


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"products": "rose\nnowhere\nnothing"}, "There is no product nowhere, nothing."),
        ({"categories": "Nowhere"}, "There is no category Nowhere."),
        ({"minPrice": "ten"}, "Enter a price such as 54.95."),
        ({"minPrice": "10", "maxPrice": "5"}, "not below the lowest"),
        ({"attributes": "size 30 ml"}, "a name, a colon and a value"),
        ({"products": "rose", "tags": "gift"}, "not both"),
        ({"tags": "\n".join(map(str, range(21)))}, "Enter at most 20"),
        ({"slug": "No Slug"}, "small letters, digits"),
        ({"slug": "taken"}, "Taken has this address"),
        ({"name": ""}, "Enter a name."),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_lost(owner, soaps, wrong, sentence):
    save_collection(SaveCollection.model_validate({"slug": "taken", "name": "Taken"}), staff_actor())
    answer = send(owner, NEW, LIST, **{"name": "New", "description": "Kept", **wrong})
    assert answer.status_code in {409, 422} and sentence in body(answer)
    assert "To save this collection, make 1 change:" in body(answer)
    assert fields_of(answer)["description"] == "Kept"
    assert [each.slug for each in db.session.scalars(db.select(Collection))] == ["taken"]


def test_by_hand_becomes_by_rules_and_back(owner, soaps):
    address = send(owner, NEW, LIST, name="Gifts", products="rose").location
    assert send(owner, address, products="", tags="gift").status_code == 303
    assert "By rules" in body(owner.get(address)) and "Products on sale 2" in body(owner.get(address))
    assert last_entry().before == {"rules": {}, "products": ["rose"]}
    send(owner, address, tags="", products="salt")
    assert one("gifts").rules == {} and "Products on sale 1" in body(owner.get(address))


def test_a_new_address_leaves_the_former_one_leading_on(owner, client, soaps):
    address = send(owner, NEW, LIST, name="Gifts", isActive="true").location
    assert send(owner, address, slug="presents").status_code == 303
    moved = client.get("/collections/gifts")
    assert (moved.status_code, moved.location) == (301, "/collections/presents")
    send(owner, address, slug="gifts")
    assert db.session.get(FormerSlug, ("collection", "gifts")) is None
    assert client.get("/collections/presents").location == "/collections/gifts"


def test_who_saves_second_sees_both_versions_of_the_products_too(owner, soaps):
    address = send(owner, NEW, LIST, name="Gifts").location
    early = fields_of(owner.get(address))
    send(owner, address, products="rose")
    late = owner.post(address, data={**early, "products": "cedar"})
    assert late.status_code == 409 and "Products cedar rose" in body(late)
    assert owner.post(address, data=fields_of(late)).status_code == 409
    assert owner.post(address, data=keeping(late)).status_code == 303
    assert fields_of(owner.get(address))["products"] == "cedar"


def test_what_is_not_shown_has_no_link_to_the_shop(owner, soaps):
    address = send(owner, NEW, LIST, name="Later", products="rose").location
    assert "View in shop" not in body(owner.get(address))
    send(owner, address, isActive="true")
    assert "View in shop" in body(owner.get(address))


def test_whoever_may_only_read_gets_no_form_to_save(staff_who_may, soaps):
    save_collection(SaveCollection.model_validate({"slug": "gifts", "name": "Gifts"}), staff_actor())
    reader = staff_who_may("catalog:read")
    page = reader.get(f"{LIST}/{one('gifts').public_id}")
    assert page.status_code == 200 and "Discard" not in body(page)
    assert reader.get(NEW).status_code == 403
