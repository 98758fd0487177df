"""Taxes: whatever the place, it is certain how it taxes."""

from __future__ import annotations

from shop.domain.audit_checks.check import Check

TAXES = (
    Check(
        "X10",
        "A place is in one active tax zone at most",
        """
        SELECT p.country || ' ' || p.region_key FROM tax_zone_places p JOIN tax_zones z ON z.id = p.zone_id
        WHERE z.is_active GROUP BY p.country, p.region_key HAVING count(*) > 1
        """,
    ),
    Check(
        "X10",
        "A tax zone has places and a standard rate",
        """
        SELECT 'tax zone ' || z.public_id FROM tax_zones z
        WHERE NOT EXISTS (SELECT 1 FROM tax_zone_places p WHERE p.zone_id = z.id)
           OR NOT EXISTS (SELECT 1 FROM tax_rates r WHERE r.zone_id = z.id AND r.category_id IS NULL)
        """,
    ),
)
