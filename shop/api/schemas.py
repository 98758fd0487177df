"""What the API answers: explicit models, so that nothing leaves the shop that is not named here."""

from __future__ import annotations

from datetime import date, datetime
from typing import Generic, Literal, TypeVar

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from shop.api.output import Output
from shop.api.shipments import ShipmentOut
from shop.payment_provider import IntentStatus

T = TypeVar("T")


class Data(Output, Generic[T]):
    """One thing."""

    data: T


class DataWithMessage(Output, Generic[T]):
    """One thing, with a sentence about what happened."""

    data: T
    message: str


class Message(Output):
    """A sentence about what happened."""

    message: str


class Pagination(Output):
    page: int
    limit: int
    total: int
    total_pages: int
    has_next: bool
    has_prev: bool


class Many(Output, Generic[T]):
    """One page of things."""

    data: list[T]
    pagination: Pagination


class ErrorDetail(Output):
    field: str
    message: str
    available: int | None = None
    order_id: str | None = None


class ErrorBody(Output):
    code: str
    message: str
    details: list[ErrorDetail]
    request_id: str
    status: int
    path: str
    method: str
    timestamp: datetime
    cart: CartOut | None = None  # where the total changed: the cart as it is now


class ErrorAnswer(Output):
    """Every refusal: `message` says what to do about it, `details` where."""

    error: ErrorBody


# -- catalogue --------------------------------------------------------------------------------------------------------


class ImageOut(Output):
    id: str
    url: str
    alt_text: str
    sort_order: int
    width: int | None
    height: int | None
    srcset: dict[str, str]
    placeholder: str | None


class VariantOut(Output):
    id: str
    name: str
    sku: str
    price: int
    compare_at_price: int | None
    inventory_count: int
    available: bool
    options: dict[str, str]


class CategoryRef(Output):
    id: str
    slug: str
    name: str


class Rating(Output):
    average: float | None
    count: int


class ProductOut(Output):
    id: str
    slug: str
    name: str
    description: str
    price: int
    compare_at_price: int | None
    currency: str
    images: list[ImageOut]
    variants: list[VariantOut]
    category: CategoryRef | None
    tags: list[str]
    brand: str
    status: str
    seo_title: str
    seo_description: str
    rating: Rating
    created_at: datetime
    updated_at: datetime


class OptionOut(Output):
    name: str
    values: list[str]


class ReviewSummary(Output):
    average_rating: float | None
    total_reviews: int


class ReviewOut(Output):
    """An approved review. `verified`: its writer bought the product here."""

    id: str
    rating: int
    title: str
    body: str
    author_name: str
    verified: bool
    reply: str | None
    created_at: datetime


class ReviewTaken(ReviewOut):
    """A review as its writer sees it; it is shown once its status is approved."""

    product_id: str
    status: str


class WishListItemOut(Output):
    """A product on a wish list, and its price when it was saved."""

    product_id: str
    saved_price: int
    currency: str
    saved_at: datetime
    product: ProductOut


class ProductDetail(ProductOut):
    """A product with all that its page shows; attributes such as ingredients stand at the top level too."""

    model_config = ConfigDict(extra="allow")

    attributes: dict[str, list[str]]
    options: list[OptionOut]
    related: list[str]
    reviews: ReviewSummary


class FacetValue(Output):
    value: str
    count: int


class Facet(Output):
    name: str
    label: str
    values: list[FacetValue]


class ProductPage(Many[ProductOut]):
    facets: list[Facet]


class SearchPage(ProductPage):
    suggestions: list[str]


class CategoryOut(CategoryRef):
    description: str
    children: list[CategoryOut]


class CollectionOut(Output):
    id: str
    slug: str
    name: str
    description: str
    seo_title: str
    seo_description: str


# -- cart and checkout ------------------------------------------------------------------------------------------------


class LineProduct(Output):
    name: str
    image: str | None
    slug: str


class CartLineVariant(Output):
    name: str
    sku: str
    available: bool
    inventory_count: int


class CartItemOut(Output):
    id: str
    product_id: str
    variant_id: str
    quantity: int
    unit_price: int
    total_price: int
    product: LineProduct
    variant: CartLineVariant


class NoticeOut(Output):
    code: str
    message: str
    item_id: str | None  # of the line that it is about; none where it is about the whole cart


class CartOut(Output):
    id: str
    status: str  # open, ordered or expired
    order_id: str | None
    customer_id: str | None
    items: list[CartItemOut]
    item_count: int
    subtotal: int
    discount: int
    shipping: int
    tax: int
    tax_included: int
    total: int
    currency: str
    discount_code: str | None
    notices: list[NoticeOut]
    created_at: datetime
    updated_at: datetime
    expires_at: datetime


class ShippingMethodOut(Output):
    id: str
    name: str
    description: str
    price: int
    currency: str
    estimated_days: int
    is_default: bool
    available: bool
    tax: int
    total: int


class ShippingMethods(Output):
    methods: list[ShippingMethodOut]


# -- orders -----------------------------------------------------------------------------------------------------------


class OrderLineVariant(Output):
    name: str
    sku: str


class OrderItemOut(Output):
    id: str
    product_id: str
    variant_id: str
    quantity: int
    unit_price: int
    total_price: int
    product: LineProduct
    variant: OrderLineVariant


class AddressOut(Output):
    first_name: str
    last_name: str
    email: str
    phone: str
    company: str | None = None
    country: str
    region: str | None = None
    city: str
    postal_code: str | None = None
    street: str
    building: str | None = None
    apartment: str | None = None
    instructions: str | None = None


class MethodAsSold(Output):
    id: str
    name: str
    price: int
    estimated_days: int


class OrderMove(Output):
    at: datetime
    track: str
    from_: str | None
    to: str
    by: str

    model_config = ConfigDict(
        alias_generator=lambda name: to_camel(name.rstrip("_")), validate_by_name=True, extra="forbid"
    )


class ReceiptStep(Output):
    """How one figure of the order came about; `figure` names it, such as items.1.discount, shipping or total."""

    figure: str
    amount: int
    words: str


class OrderOut(Output):
    id: str
    order_number: str
    status: str
    payment_status: str
    shipping_status: str
    customer_id: str | None
    email: str
    items: list[OrderItemOut]
    subtotal: int
    discount: int
    discount_code: str | None
    shipping: int
    tax: int
    tax_included: int
    total: int
    refunded: int
    currency: str
    shipping_address: AddressOut
    billing_address: AddressOut
    shipping_method: MethodAsSold
    payment_method: str
    estimated_delivery: date | None
    tracking_number: str | None
    shipments: list[ShipmentOut]
    receipt: list[ReceiptStep]
    history: list[OrderMove]
    notes: str
    status_url: str
    created_at: datetime
    updated_at: datetime


class PlacedOrder(OrderOut):
    """An order with the token that opens it; given here and in e-mails."""

    token: str


class PaymentAnswer(Output):
    order: OrderOut


class PaymentIntentOut(Output):
    id: str = Field(description="The payment at the provider")
    client_secret: str = Field(description="For the provider's script in the payer's browser; keep it in no log")
    status: IntentStatus = Field(description="succeeded: paid; requires_action: the payer answers their bank first")


class CardPaymentAnswer(Output):
    payment_intent: PaymentIntentOut
    order: OrderOut


class Availability(Output):
    product_id: str
    variant_id: str
    inventory_count: int
    available: bool
    low_stock: bool
    low_stock_threshold: int


class UserOut(Output):
    """A customer or member of staff, to themselves."""

    id: str
    email: str
    email_verified: bool
    first_name: str
    last_name: str
    phone: str
    role: Literal["customer", "staff", "admin"]
    created_at: datetime
    updated_at: datetime


class TokenPairOut(Output):
    """What a client signs in with; `expires_in` is that of the access token, in seconds."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_in: int
    user: UserOut


class CardOut(Output):
    """A card that the payment provider keeps for a customer: never its number."""

    id: str
    brand: str
    last4: str
    expires: str
