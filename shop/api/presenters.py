"""From the domain's models to the API's answers: the JSON names of api.md are made here alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import request

from shop.api.schemas import (
    AddressOut,
    Availability,
    CartItemOut,
    CartLineVariant,
    CartOut,
    CategoryOut,
    CategoryRef,
    CollectionOut,
    Facet,
    FacetValue,
    ImageOut,
    LineProduct,
    MethodAsSold,
    NoticeOut,
    OptionOut,
    OrderItemOut,
    OrderLineVariant,
    OrderMove,
    OrderOut,
    Pagination,
    PlacedOrder,
    ProductDetail,
    ProductOut,
    Rating,
    ReceiptStep,
    ReviewOut,
    ReviewSummary,
    ReviewTaken,
    ShippingMethodOut,
    VariantOut,
    WishListItemOut,
)
from shop.api.shipments import present_shipment
from shop.domain.carts.queries import CartLine, PricedCart
from shop.domain.catalog.models import Category, Collection, Image, Product, Variant
from shop.domain.catalog.queries import Page, branch_counts, children_of
from shop.domain.catalog.renditions import fallback_size, renditions_of
from shop.domain.checkout import ShippingQuote
from shop.domain.orders.models import Order, OrderLineItem
from shop.domain.orders.tokens import order_link, order_token
from shop.domain.reviews.models import Review
from shop.domain.wishlists.models import WishListItem
from shop.extensions import settings, terms


def present_product(product: Product) -> dict[str, Any]:
    """The row of a product in listings, as the fields of ProductOut."""
    variants = [variant for variant in product.variants if variant.is_active]
    cheapest = min(variants, key=lambda variant: variant.price_amount) if variants else None
    compare_at = cheapest.compare_at if cheapest else None
    return {
        "id": product.public_id,
        "slug": product.slug,
        "name": product.name,
        "description": product.description,
        "price": product.from_price_amount,
        "compare_at_price": compare_at.amount if compare_at else None,
        "currency": product.currency,
        "images": [present_image(image) for image in product.images if image.file_name],
        "variants": [present_variant(variant, product) for variant in variants],
        "category": _category_ref(product.category) if product.category else None,
        "tags": product.tags,
        "brand": product.brand,
        "status": product.status,
        "seo_title": product.seo_title or product.name,
        "seo_description": product.seo_description,
        "rating": Rating(average=product.listing.rating_average, count=product.listing.rating_count),
        "created_at": product.created_at,
        "updated_at": product.updated_at,
    }


def present_product_row(product: Product) -> ProductOut:
    return ProductOut(**present_product(product))


def present_product_detail(product: Product, related: Sequence[str]) -> ProductDetail:
    attributes: dict[str, list[str]] = {}
    for attribute in product.attributes:
        attributes.setdefault(_camel(attribute.name), []).append(attribute.value)
    fields = present_product(product)
    fixed = ProductDetail.model_fields
    taken = {*fixed, *(field.alias for field in fixed.values())}
    at_top = {name: values for name, values in attributes.items() if name not in taken}
    return ProductDetail(
        **fields,
        attributes=attributes,
        options=_options(product),
        related=list(related),
        reviews=ReviewSummary(
            average_rating=product.listing.rating_average, total_reviews=product.listing.rating_count
        ),
        **at_top,
    )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _options(product: Product) -> list[OptionOut]:
    options = []
    for index, name in enumerate(product.option_names):
        values = [variant.option_values[index] for variant in product.variants if variant.is_active]
        options.append(OptionOut(name=name, values=list(dict.fromkeys(values))))
    return options


def present_variant(variant: Variant, product: Product) -> VariantOut:
    units = max(variant.stock.available, 0)
    return VariantOut(
        id=variant.public_id,
        name=variant.name,
        sku=variant.sku,
        price=variant.price_amount,
        compare_at_price=variant.compare_at.amount if variant.compare_at else None,
        inventory_count=units,
        available=units > 0,
        options=dict(zip(product.option_names, variant.option_values, strict=False)),
    )


def present_image(image: Image) -> ImageOut:
    width, height = fallback_size(image.file_name, image.width, image.height)
    return ImageOut(
        id=image.public_id,
        url=media_url(image.file_name) or "",
        alt_text=image.alt_text,
        sort_order=image.position,
        width=width,
        height=height,
        srcset=_srcset(image.file_name),
        placeholder=None,
    )


def _srcset(file_name: str | None) -> dict[str, str]:
    """The picture in other widths, by format, written as a browser takes it; empty where there are none."""
    widths = ", ".join(f"{media_url(each.file_name)} {each.width}w" for each in renditions_of(file_name))
    return {"avif": widths} if widths else {}


def media_url(file_name: str | None) -> str | None:
    """The absolute address of a stored picture."""
    return f"{settings.public_base_url}/media/{file_name}" if file_name else None


def _category_ref(category: Category) -> CategoryRef:
    return CategoryRef(id=category.public_id, slug=category.slug, name=category.name)


def present_category(category: Category, categories: Sequence[Category]) -> CategoryOut:
    """A category with those below it."""
    return CategoryOut(
        id=category.public_id,
        slug=category.slug,
        name=category.name,
        description=category.description,
        children=[present_category(child, categories) for child in children_of(categories, category)],
    )


def present_collection(collection: Collection) -> CollectionOut:
    return CollectionOut(
        id=collection.public_id,
        slug=collection.slug,
        name=collection.name,
        description=collection.description,
        seo_title=collection.seo_title or collection.name,
        seo_description=collection.seo_description,
    )


def present_facets(page: Page) -> list[Facet]:
    """What the listing can be narrowed by, with the number of products after each choice."""
    facets = [
        Facet(
            name=facet.name,
            label=facet.label,
            values=[FacetValue(value=each.value, count=each.count) for each in facet.values],
        )
        for facet in page.counts.facets
    ]
    branches = branch_counts(page)
    values = [FacetValue(value=row.slug, count=branches[row.id]) for row in page.categories if branches[row.id]]
    return [Facet(name="category", label="Category", values=values), *facets] if values else facets


def present_availability(variant: Variant) -> Availability:
    units = max(variant.stock.available, 0)
    return Availability(
        product_id=variant.product.public_id,
        variant_id=variant.public_id,
        inventory_count=units,
        available=units > 0,
        low_stock=variant.stock.is_low,
        low_stock_threshold=variant.stock.low_stock_threshold,
    )


def present_review(review: Review) -> ReviewOut:
    """An approved review, as everybody may read it."""
    return ReviewOut(
        id=review.public_id,
        rating=review.rating,
        title=review.title,
        body=review.body,
        author_name=review.author_name,
        verified=review.is_verified,
        reply=review.reply or None,
        created_at=review.created_at,
    )


def present_taken_review(review: Review) -> ReviewTaken:
    """A review as its writer sees it."""
    fields = present_review(review).model_dump()
    return ReviewTaken(**fields, status=review.status, product_id=review.product.public_id)


def present_wish_list_item(item: WishListItem) -> WishListItemOut:
    return WishListItemOut(
        product_id=item.product.public_id,
        saved_price=item.saved_price_amount,
        currency=item.currency,
        saved_at=item.created_at,
        product=present_product_row(item.product),
    )


def present_cart(priced: PricedCart, customer_id: str | None = None) -> CartOut:
    cart, receipt = priced.cart, priced.receipt
    return CartOut(
        id=cart.public_id,
        status=cart.status,
        order_id=cart.order_public_id,
        customer_id=customer_id,
        items=[_present_cart_item(line) for line in priced.lines],
        item_count=priced.item_count,
        subtotal=receipt.subtotal.amount,
        discount=receipt.discount.amount,
        shipping=receipt.shipping.amount,
        tax=receipt.tax.amount,
        tax_included=receipt.tax_included.amount,
        total=receipt.total.amount,
        currency=cart.currency,
        discount_code=priced.code.code if priced.code else None,
        notices=[
            NoticeOut(code=notice.code, message=notice.message, item_id=notice.line or None)
            for notice in priced.notices
        ],
        created_at=cart.created_at,
        updated_at=cart.updated_at,
        expires_at=cart.expires_at,
    )


def _present_cart_item(line: CartLine) -> CartItemOut:
    image = media_url(line.image.file_name) if line.image else None
    return CartItemOut(
        id=line.item.public_id,
        product_id=line.product.public_id,
        variant_id=line.variant.public_id,
        quantity=line.item.quantity,
        unit_price=line.variant.price_amount,
        total_price=line.total.amount,
        product=LineProduct(name=line.product.name, image=image, slug=line.product.slug),
        variant=CartLineVariant(
            name=line.variant.name,
            sku=line.variant.sku,
            available=line.available > 0,
            inventory_count=max(line.available, 0),
        ),
    )


def present_quote(quote: ShippingQuote) -> ShippingMethodOut:
    return ShippingMethodOut(
        id=quote.method.id,
        name=quote.method.name,
        description=quote.method.description,
        price=quote.price.amount,
        currency=quote.price.currency,
        estimated_days=quote.method.max_days,
        is_default=quote.is_default,
        available=True,
        tax=quote.tax.amount,
        total=quote.total.amount,
    )


def present_order(order: Order, customer_id: str | None = None) -> OrderOut:
    return OrderOut(**_order_fields(order, customer_id))


def present_placed_order(order: Order, customer_id: str | None = None) -> PlacedOrder:
    """The order with its token, for whoever placed it."""
    return PlacedOrder(**_order_fields(order, customer_id), token=order_token(order, terms.order_token_secrets))


def status_url(order: Order) -> str:
    """The page of this order, with the token that opens it."""
    return order_link(order, settings.public_base_url, terms.order_token_secrets)


def _order_fields(order: Order, customer_id: str | None) -> dict[str, Any]:
    method, parcels = order.shipping_method, order.shipments[::-1]
    return {
        "id": order.public_id,
        "order_number": order.number,
        "status": order.status,
        "payment_status": order.payment_status,
        "shipping_status": order.shipping_status,
        "customer_id": customer_id,
        "email": order.email,
        "items": [_present_order_item(line) for line in order.line_items],
        "subtotal": order.subtotal_amount,
        "discount": order.discount_amount,
        "discount_code": order.discount_code,
        "shipping": order.shipping_amount,
        "tax": order.tax_amount,
        "tax_included": order.tax_included_amount,
        "total": order.total_amount,
        "refunded": order.refunded.amount,
        "currency": order.currency,
        "shipping_address": AddressOut(**order.shipping_address),
        "billing_address": AddressOut(**order.billing_address),
        "shipping_method": MethodAsSold(
            id=method["id"], name=method["name"], price=method["price_amount"], estimated_days=method["max_days"]
        ),
        "payment_method": order.payment_method,
        "estimated_delivery": order.estimated_delivery,
        "tracking_number": next((each.tracking_number for each in parcels if each.tracking_number), None),
        "shipments": [present_shipment(order, each) for each in order.shipments],
        "receipt": [
            ReceiptStep(figure=step["figure"], amount=step["amount"], words=step["words"])
            for step in order.receipt_steps
        ],
        "history": [
            OrderMove(at=move.created_at, track=move.track, from_=move.from_status, to=move.to_status, by=move.by)
            for move in order.history
        ],
        "notes": order.notes,
        "status_url": status_url(order),
        "created_at": order.created_at,
        "updated_at": order.updated_at,
    }


def _present_order_item(line: OrderLineItem) -> OrderItemOut:
    return OrderItemOut(
        id=line.public_id,
        product_id=line.product_public_id,
        variant_id=line.variant_public_id,
        quantity=line.quantity,
        unit_price=line.unit_price_amount,
        total_price=line.total_amount,
        product=LineProduct(name=line.product_name, image=media_url(line.image_file), slug=line.product_slug),
        variant=OrderLineVariant(name=line.variant_name, sku=line.sku),
    )


# -- pages ------------------------------------------------------------------------------------------------------------


def present_pagination(page: int, limit: int, total: int) -> Pagination:
    pages = -(-total // limit)
    return Pagination(page=page, limit=limit, total=total, total_pages=pages, has_next=page < pages, has_prev=page > 1)


def link_header(pagination: Pagination) -> str:
    """The RFC 8288 links to the first, previous, next and last page of the present request."""
    targets = {"first": 1, "last": max(pagination.total_pages, 1)}
    if pagination.has_prev:
        targets["prev"] = pagination.page - 1
    if pagination.has_next:
        targets["next"] = pagination.page + 1
    base = f"{settings.public_base_url}{request.path}"
    links = []
    for relation, page in targets.items():
        query = urlencode({**request.args.to_dict(flat=False), "page": [page]}, doseq=True)
        links.append(f'<{base}?{query}>; rel="{relation}"')
    return ", ".join(links)
