"""Slugs: the part of an address that names a product or a category."""

from __future__ import annotations

import hashlib
import re

from shop.domain.catalog.richtext import fold_text

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
DIGEST_LENGTH = 8


def slug_of(text: str, limit: int) -> str:
    """The slug of a name, the same every time, of [a-z0-9-] and at most `limit` characters.

    What has no letter of it, or too many, is told apart by a digest of the text.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", fold_text(text)).strip("-")
    if slug and len(slug) <= limit:
        return slug
    digest = short_digest(text)
    return f"{slug[: limit - DIGEST_LENGTH - 1].strip('-')}-{digest}".strip("-")


def short_digest(text: str) -> str:
    """Eight hexadecimal digits that tell texts apart where their readable part is the same."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]
