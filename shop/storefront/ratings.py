"""A product's reviews as its pages show them: how many gave which stars, and some of what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shop.domain.catalog.models import Product
from shop.domain.reviews.models import Review
from shop.domain.reviews.queries import STARS, ReviewFilter, Tally, list_reviews, tally_reviews

PER_PAGE = 5


@dataclass(frozen=True)
class Bar:
    """How many gave these stars, and which part of all that is, in hundredths."""

    stars: int
    count: int
    percent: int


@dataclass(frozen=True)
class ShownReviews:
    """Some of a product's reviews; `stars` are those that were asked for, or None for all."""

    tally: Tally
    reviews: Sequence[Review]
    stars: int | None
    page: int

    @property
    def bars(self) -> list[Bar]:
        counts, total = self.tally.counts, self.tally.count
        return [Bar(stars, counts.get(stars, 0), 100 * counts.get(stars, 0) // total) for stars in STARS]

    @property
    def found(self) -> int:
        """How many have the stars that were asked for."""
        return self.tally.with_stars(self.stars)

    @property
    def left(self) -> int:
        """How many more there are to show."""
        return max(self.found - self.page * PER_PAGE, 0)


def read_reviews(product: Product, stars: int | None = None, page: int = 1) -> ShownReviews:
    """One page of the product's reviews: two statements, none where its flat row says that it has no reviews."""
    if not product.listing.rating_count:
        return ShownReviews(Tally({}), (), stars, page)
    asked = ReviewFilter(page=page, limit=PER_PAGE, rating=stars)
    return ShownReviews(tally_reviews(product), list_reviews(product, asked), stars, page)
