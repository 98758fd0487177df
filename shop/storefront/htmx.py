"""The shop's dealings with HTMX, as the storefront names them (shop/htmx.py)."""

from shop.htmx import VARY, go_to, is_htmx, is_partial, vary_by_htmx

__all__ = ["VARY", "go_to", "is_htmx", "is_partial", "vary_by_htmx"]
