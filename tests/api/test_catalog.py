"""Reading the catalogue over the API."""

from __future__ import annotations

import pytest
from openapi_spec_validator import validate

from shop.domain.actors import SYSTEM
from shop.domain.catalog.collections import SaveCollection, save_collection
from shop.domain.catalog.operations import save_category
from shop.domain.orders.sold import recount_sold
from tests.conftest import add_picture, make_product, placed_order, variants_of

API = "/api/v1"


def names(answer):
    return [row["name"] for row in answer.get_json()["data"]]


def test_products_come_in_pages_with_links(client, app):
    for number in range(5):
        make_product(f"Chair {number}", price=f"{10 + number}.00")

    answer = client.get(f"{API}/products?limit=2&page=2&sortBy=price&sortOrder=desc")

    assert names(answer) == ["Chair 2", "Chair 1"]
    assert answer.get_json()["pagination"] == {
        "page": 2, "limit": 2, "total": 5, "totalPages": 3, "hasNext": True, "hasPrev": True
    }  # fmt: skip
    links = dict(reversed(link.split("; ")) for link in answer.headers["Link"].split(", "))
    assert "page=3" in links['rel="next"'] and "page=1" in links['rel="prev"'] and "page=3" in links['rel="last"']


def test_past_the_last_page_is_empty(client, app):
    assert names(client.get(f"{API}/products?page=99")) == []


@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "limit=0", "limit=101", "minPrice=-1", "sortBy=magic", "page=1e9"]
)
def test_a_wrong_parameter_is_refused_by_name(client, app, query):
    answer = client.get(f"{API}/products?{query}")
    assert answer.status_code == 422
    assert answer.get_json()["error"]["details"][0]["field"] == query.split("=")[0]


def test_unknown_parameters_are_ignored_and_filters_apply(client, app):
    make_product("Cheap", price="5.00")
    make_product("Dear", price="50.00", stock=0)
    assert names(client.get(f"{API}/products?utm_source=x&maxPrice=1000")) == ["Cheap"]
    assert names(client.get(f"{API}/products?inStock=false")) == ["Dear"]
    assert names(client.get(f"{API}/products?search=DEAR")) == ["Dear"]


@pytest.mark.both_databases
def test_a_tag_is_matched_whole(client, app):
    make_product("One", tags=["gift", "été"])
    make_product("Two", tags=["gift set"])
    assert names(client.get(f"{API}/products?tag=gift")) == ["One"]
    assert names(client.get(f"{API}/products?tag=été")) == ["One"]
    assert names(client.get(f"{API}/products?tag=gif")) == []


@pytest.mark.both_databases
def test_a_category_shows_what_is_below_it(client, app):
    top = save_category("care", "Care")
    below = save_category("serums", "Serums", parent_slug="care")
    make_product("In top", category_id=top.id)
    make_product("Below", category_id=below.id)
    make_product("Elsewhere")
    assert set(names(client.get(f"{API}/products?category=care"))) == {"In top", "Below"}
    assert names(client.get(f"{API}/products?category=serums")) == ["Below"]
    assert client.get(f"{API}/products?category=none").status_code == 404
    tree = client.get(f"{API}/categories").get_json()["data"]
    assert [(node["slug"], [child["slug"] for child in node["children"]]) for node in tree] == [("care", ["serums"])]


def test_drafts_and_archived_products_are_not_there(client, app):
    hidden = [make_product("Draft", status="draft"), make_product("Old", status="archived")]
    assert names(client.get(f"{API}/products")) == []
    assert [client.get(f"{API}/products/{product.slug}").status_code for product in hidden] == [404, 404]


def test_a_product_is_read_by_id_and_by_slug_with_etag(client, app):
    product = make_product("Amber", variants=["30 ml", "50 ml"])

    by_slug = client.get(f"{API}/products/{product.slug}")
    again = client.get(f"{API}/products/{product.public_id}", headers={"If-None-Match": by_slug.headers["ETag"]})

    data = by_slug.get_json()["data"]
    assert data["options"] == [{"name": "Size", "values": ["30 ml", "50 ml"]}]
    assert data["variants"][0]["inventoryCount"] == 10 and data["variants"][0]["available"] is True
    assert again.status_code == 304


def test_a_picture_has_a_plain_address_and_others_to_choose_from(client, app):
    product = make_product("Amber")
    add_picture(product, "demo/amber-1.w160.jpg", "Amber bottle", 160, 200)

    picture = client.get(f"{API}/products/{product.slug}").get_json()["data"]["images"][0]

    media = "http://localhost/media/demo"
    assert picture["url"] == f"{media}/amber-1.w160.jpg"
    assert picture["srcset"] == {"avif": f"{media}/amber-1.w80.avif 80w, {media}/amber-1.w160.avif 160w"}
    assert (picture["altText"], picture["width"], picture["height"]) == ("Amber bottle", 160, 200)


def test_availability_is_that_of_the_stock(client, app):
    product = make_product(stock=3)
    variant = variants_of(product)[0]

    answer = client.get(f"{API}/inventory/{product.slug}/variants/{variant.public_id}")

    assert answer.get_json()["data"] == {
        "productId": product.public_id,
        "variantId": variant.public_id,
        "inventoryCount": 3,
        "available": True,
        "lowStock": True,
        "lowStockThreshold": 10,
    }
    assert client.get(f"{API}/inventory/{product.slug}/variants/var_none").status_code == 404


def test_a_trailing_slash_answers_as_without(client, app):
    assert client.get(f"{API}/products/").status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/nothing", "/api/v1/products/%00", "/api/v1/categories/none"])
def test_what_is_not_there_is_a_json_404(client, app, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.get_json()["error"]["code"] == "RESOURCE_NOT_FOUND"


def test_a_nul_in_the_query_is_refused(client, app):
    assert client.get(f"{API}/products?search=%00").status_code == 400


def test_a_wrong_method_names_the_right_ones(client, app):
    answer = client.delete(f"{API}/products")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_large_body_is_refused(client, app):
    answer = client.post(f"{API}/orders", data=b"x" * 1_500_000, content_type="application/json")
    assert answer.status_code == 413
    assert answer.get_json()["error"]["code"] == "PAYLOAD_TOO_LARGE"


def test_the_request_id_is_echoed_when_it_is_sane(client, app):
    assert client.get(f"{API}/nothing", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
    assert (
        client.get(f"{API}/nothing", headers={"X-Request-ID": "a b<script>"}).headers["X-Request-ID"] != "a b<script>"
    )


def test_the_openapi_document_is_valid_and_names_every_path(client, app):
    document = client.get(f"{API}/openapi.json").get_json()

    validate(document)

    routed = {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/")}
    documented = {path.replace("{", "<").replace("}", ">") for path in document["paths"]}
    assert routed - documented <= {"/api/v1/openapi.json", "/api/v1/healthz"}


# -- facets and collections -------------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_a_listing_says_how_it_can_be_narrowed_and_how_much_there_would_be(client, app):
    face = save_category("face", "Face")
    masks = save_category("masks", "Masks", parent_slug="face")
    make_product("One", brand="Aster", tags=["gift"], variants=["30 ml", "50 ml"], category_id=masks.id)
    make_product("Two", brand="Birch", variants=["50 ml"], category_id=face.id, compare_at="30.00")

    answer = client.get(f"{API}/products?attr.size=30+ml&attr.size=50+ml&brand=Aster").get_json()

    assert [row["name"] for row in answer["data"]] == ["One"]
    facets = {facet["name"]: {each["value"]: each["count"] for each in facet["values"]} for facet in answer["facets"]}
    assert facets == {
        "category": {"face": 1, "masks": 1},
        "brand": {"Aster": 1, "Birch": 1},
        "size": {"30 ml": 1, "50 ml": 1},
        "tag": {"gift": 1},
    }
    assert names(client.get(f"{API}/products?brand=Aster&brand=Birch&sortBy=name&sortOrder=desc")) == ["Two", "One"]
    assert names(client.get(f"{API}/products?category=masks")) == ["One"]
    assert names(client.get(f"{API}/products?onSale=true")) == ["Two"]
    assert names(client.get(f"{API}/products?attr.size=none")) == []
    assert client.get(f"{API}/products?category=nowhere").status_code == 404


def test_collections_are_listed_and_list_their_products(client, app):
    shown = {"slug": "gifts", "name": "Gifts", "rules": {"tag": ["gift"]}}
    save_collection(SaveCollection.model_validate(shown), SYSTEM)
    hidden = {"slug": "hidden", "name": "Hidden", "isActive": False, "rules": {"tag": ["gift"]}}
    save_collection(SaveCollection.model_validate(hidden), SYSTEM)
    make_product("One", tags=["gift"])
    make_product("Two")

    assert [row["slug"] for row in client.get(f"{API}/collections").get_json()["data"]] == ["gifts"]
    found = client.get(f"{API}/collections/gifts").get_json()["data"]
    assert (found["name"], found["seoTitle"]) == ("Gifts", "Gifts")
    assert names(client.get(f"{API}/products?collection=gifts")) == ["One"]
    for missing in ("collections/hidden", "collections/nothing", "products?collection=hidden"):
        assert client.get(f"{API}/{missing}").status_code == 404


def test_what_sells_best_comes_first(client, app, terms):
    make_product("Dust")
    placed_order(terms, (variants_of(make_product("Favourite"))[0], 2), confirm=True)
    make_product("More dust")
    recount_sold()
    assert names(client.get(f"{API}/products?sortBy=best_selling"))[0] == "Favourite"
    assert client.get(f"{API}/products?sortBy=relevance").status_code == 200


def test_the_document_says_how_facets_are_asked_for(client, app):
    parameters = client.get(f"{API}/openapi.json").get_json()["paths"][f"{API}/products"]["get"]["parameters"]
    by_name = {parameter["name"]: parameter for parameter in parameters}
    wanted = {"attr", "brand", "tag", "category", "collection", "minPrice", "maxPrice", "inStock", "onSale"}
    assert wanted <= set(by_name)
    assert by_name["brand"]["schema"]["type"] == "array"
    assert by_name["attr"]["style"] == "form" and by_name["attr"]["explode"] is True


# -- search -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["products/search", "search"])
def test_a_search_answers_best_first_with_suggestions(client, app, path):
    make_product("Night cream with serum", price="10.00")
    make_product("Serum", price="20.00")

    answer = client.get(f"{API}/{path}?q=serrum&limit=1")

    assert names(answer) == ["Serum"]
    assert answer.get_json()["suggestions"] == ["serum"]
    assert answer.get_json()["pagination"]["total"] == 2 and "page=2" in answer.headers["Link"]
    assert names(client.get(f"{API}/{path}?q=serum&sortBy=price")) == ["Night cream with serum", "Serum"]
    assert names(client.get(f"{API}/{path}?q=serum&maxPrice=1500")) == ["Night cream with serum"]
    assert client.get(f"{API}/{path}?q=serum").get_json()["suggestions"] == []


@pytest.mark.parametrize("asked", ["", "?q=", "?q=%20", "?q=" + "x" * 201])
def test_a_search_for_nothing_or_too_much_is_refused(client, app, asked):
    answer = client.get(f"{API}/search{asked}")
    (detail,) = answer.get_json()["error"]["details"]
    assert answer.status_code == 422 and detail["field"] == "q"
    assert detail["message"] in ("Enter what to search for.", "Use at most 200 characters.")


def test_the_document_says_that_a_search_needs_words(client, app):
    paths = client.get(f"{API}/openapi.json").get_json()["paths"]
    for path in ("/products/search", "/search"):
        (q,) = [row for row in paths[f"/api/v1{path}"]["get"]["parameters"] if row["name"] == "q"]
        assert q["required"] and q["schema"]["maxLength"] == 200 and q["schema"]["minLength"] == 1
    (words,) = [row for row in paths["/api/v1/products"]["get"]["parameters"] if row["name"] == "search"]
    assert not words["required"]


def test_a_listing_with_words_uses_the_same_search(client, app):
    make_product("Night creams")
    make_product("Cream")
    assert names(client.get(f"{API}/products?search=cream")) == ["Cream", "Night creams"]
    assert names(client.get(f"{API}/products?search=craem&sortBy=name&sortOrder=desc")) == ["Night creams", "Cream"]
    assert names(client.get(f"{API}/products?search=kettle")) == []
