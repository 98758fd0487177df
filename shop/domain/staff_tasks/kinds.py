"""Every change of many things that there is, by its kind."""

from __future__ import annotations

from shop.domain.bulk_changes import BulkChange
from shop.domain.catalog.bulk import CHANGES as CATALOGUE
from shop.domain.imports.uploads import CHANGES as IMPORTS
from shop.domain.inventory.adjustments import CHANGES as INVENTORY
from shop.domain.promotions.series import CHANGES as PROMOTIONS
from shop.domain.reviews.bulk import CHANGES as REVIEWS

EVERY = (*CATALOGUE, *IMPORTS, *INVENTORY, *PROMOTIONS, *REVIEWS)
KINDS: dict[str, BulkChange] = {change.kind: change for change in EVERY}
