"""Every table, imported in one place for migrations and for the mapper's names."""

from shop.domain.audit.models import AuditEntry
from shop.domain.carts.models import Cart, CartLineItem
from shop.domain.catalog.models import (
    Attribute,
    Category,
    Collection,
    CollectionProduct,
    FacetValue,
    FormerSlug,
    Image,
    Listing,
    Product,
    ProductAttribute,
    RemovedImage,
    Variant,
)
from shop.domain.customers.models import StaffRole, User, UserSession
from shop.domain.events import Email, OutboxEvent
from shop.domain.idempotency import IdempotencyKey
from shop.domain.imports.models import CatalogueFile
from shop.domain.inventory.models import Reservation, StockItem, StockMovement
from shop.domain.orders.models import (
    Order,
    OrderEvent,
    OrderLineItem,
    OrderNote,
    Return,
    ReturnLineItem,
    Shipment,
    ShipmentLineItem,
)
from shop.domain.payments.models import (
    CardRefusal,
    Dispute,
    Payment,
    PaymentDifference,
    ProviderEvent,
    Refund,
    RefundLineItem,
    Subscription,
)
from shop.domain.promotions.models import DiscountCode, DiscountCustomer, DiscountRedemption
from shop.domain.reviews.models import Review
from shop.domain.search.models import (
    SearchCount,
    SearchDocument,
    SearchQueued,
    SearchSku,
    SearchTypo,
    SearchWord,
    Synonym,
    SynonymPhrase,
)
from shop.domain.shipping_zones.models import ShippingZone, ZoneMethod
from shop.domain.staff_tasks.models import StaffTask
from shop.domain.tax_zones.models import TaxRate, TaxZone, TaxZonePlace
from shop.domain.wishlists.models import WishList, WishListItem

APPEND_ONLY = ("audit_entries", "order_events", "stock_movements")

__all__ = [
    "APPEND_ONLY",
    "Attribute",
    "AuditEntry",
    "CardRefusal",
    "Cart",
    "CartLineItem",
    "CatalogueFile",
    "Category",
    "Collection",
    "CollectionProduct",
    "DiscountCode",
    "DiscountCustomer",
    "DiscountRedemption",
    "Dispute",
    "Email",
    "FacetValue",
    "FormerSlug",
    "IdempotencyKey",
    "Image",
    "Listing",
    "Order",
    "OrderEvent",
    "OrderLineItem",
    "OrderNote",
    "OutboxEvent",
    "Payment",
    "PaymentDifference",
    "Product",
    "ProductAttribute",
    "ProviderEvent",
    "Refund",
    "RefundLineItem",
    "RemovedImage",
    "Reservation",
    "Return",
    "ReturnLineItem",
    "Review",
    "SearchCount",
    "SearchDocument",
    "SearchQueued",
    "SearchSku",
    "SearchTypo",
    "SearchWord",
    "ShippingZone",
    "Shipment",
    "ShipmentLineItem",
    "StaffRole",
    "StaffTask",
    "StockItem",
    "StockMovement",
    "Subscription",
    "Synonym",
    "SynonymPhrase",
    "TaxRate",
    "TaxZone",
    "TaxZonePlace",
    "User",
    "UserSession",
    "Variant",
    "WishList",
    "WishListItem",
    "ZoneMethod",
]
