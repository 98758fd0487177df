"""The shop's filled forms, as the storefront names them (shop/filled.py)."""

from shop.filled import FilledForm

__all__ = ["FilledForm"]
