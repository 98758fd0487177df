"""The resources of the admin, in the order of the navigation. A new one is a module here and a name below."""

from shop.admin.resource import Resource
from shop.admin.resources.categories import CATEGORIES

RESOURCES: tuple[Resource, ...] = (CATEGORIES,)
