"""The resources of the admin, in the order of the navigation. A new one is a module here and a name below."""

from shop.admin.resource import Resource
from shop.admin.resources.attributes import ATTRIBUTES
from shop.admin.resources.audit import AUDIT
from shop.admin.resources.categories import CATEGORIES
from shop.admin.resources.collections import COLLECTIONS
from shop.admin.resources.differences import DIFFERENCES
from shop.admin.resources.discount_codes import DISCOUNT_CODES
from shop.admin.resources.disputes import DISPUTES
from shop.admin.resources.guests import GUESTS
from shop.admin.resources.inventory import INVENTORY
from shop.admin.resources.orders import ORDERS
from shop.admin.resources.products import PRODUCTS
from shop.admin.resources.reviews import REVIEWS
from shop.admin.resources.shipping_methods import SHIPPING_METHODS
from shop.admin.resources.shipping_zones import SHIPPING_ZONES
from shop.admin.resources.synonyms import SYNONYMS
from shop.admin.resources.taxes import TAXES
from shop.admin.resources.users import USERS
from shop.admin.resources.webhooks import WEBHOOKS

RESOURCES: tuple[Resource, ...] = (
    ORDERS,
    USERS,
    GUESTS,
    REVIEWS,
    DISCOUNT_CODES,
    DIFFERENCES,
    DISPUTES,
    WEBHOOKS,
    PRODUCTS,
    INVENTORY,
    CATEGORIES,
    COLLECTIONS,
    ATTRIBUTES,
    SYNONYMS,
    SHIPPING_ZONES,
    SHIPPING_METHODS,
    TAXES,
    AUDIT,
)
