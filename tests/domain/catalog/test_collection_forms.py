"""Collections as staff write them: read into rules and products, counted, and written back the same."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from shop.db import db
from shop.domain.actors import SYSTEM
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.collection_forms import CollectionWish, change_collection, create_collection, wish_values
from shop.domain.catalog.models import Collection
from shop.domain.catalog.operations import save_category
from shop.domain.catalog.queries import count_in_collections
from shop.errors import ChangedMeanwhile, Conflict, NotFound
from tests.conftest import make_product, variants_of


def wish(**values):
    return CollectionWish.model_validate({"name": "Gifts", **values})


def only():
    db.session.expire_all()
    return db.session.scalars(select(Collection)).one()


def counts():
    db.session.rollback()
    collections = db.session.scalars(select(Collection).order_by(Collection.id)).all()
    return list(count_in_collections(collections).values())


@pytest.fixture
def products(app):
    save_category("face", "Face care")
    below = save_category("oils", "Oils", parent_slug="face")
    return (
        make_product("Rose", slug="rose", price="10.00", tags=["gift"], category_id=below.id),
        make_product("Cedar", slug="cedar", price="30.00", tags=["gift"], compare_at="40.00"),
        make_product("Draft", slug="draft", status="draft", tags=["gift"]),
    )


def test_each_collection_is_counted_by_what_it_is(products):
    create_collection(wish(name="By hand", products="draft\ncedar"), SYSTEM, "USD")
    create_collection(wish(name="Tag", tags="gift"), SYSTEM, "USD")
    create_collection(wish(name="Branch", categories="FACE care"), SYSTEM, "USD")
    create_collection(wish(name="Reduced", onSale="yes"), SYSTEM, "USD")
    create_collection(wish(name="Empty"), SYSTEM, "USD")
    assert counts() == [1, 2, 1, 1, 0]
    assert count_in_collections([]) == {}


def test_what_is_read_is_written_back_and_saving_it_again_says_nothing(products):
    rose, cedar, _ = products
    written = wish(
        tags="gift\nnew", minPrice="5", maxPrice="30.5", inStock="no", attributes="size: 30 ml", categories="oils"
    )
    create_collection(written, SYSTEM, "USD")
    values = wish_values(only(), "USD")
    assert (values["tags"], values["minPrice"], values["maxPrice"]) == ("gift\nnew", "5.00", "30.50")
    assert (values["inStock"], values["onSale"], values["attributes"]) == ("no", "", "size: 30 ml")
    read = {name: value for name, value in values.items() if value != ""}
    change_collection(only().public_id, CollectionWish.model_validate(read), SYSTEM, "USD")

    named = {"slug": "gifts", "products": f"{variants_of(cedar)[0].sku}\n{rose.public_id}"}
    change_collection(only().public_id, wish(**named), SYSTEM, "USD")
    assert wish_values(only(), "USD")["products"] == "cedar\nrose"

    actions = list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert actions == ["collection.created", "collection.changed"]


def test_an_address_is_somebodys_and_an_old_version_is_refused(products):
    made = create_collection(wish(), SYSTEM, "USD")
    with pytest.raises(Conflict):
        create_collection(wish(), SYSTEM, "USD")
    with pytest.raises(ChangedMeanwhile):
        change_collection(made.public_id, wish(), SYSTEM, "USD", seen="2020-01-01T00:00:00+00:00")
    with pytest.raises(NotFound):
        change_collection("col_none", wish(), SYSTEM, "USD")
    assert counts() == [0]
