"""Promotions: discount codes, what they take off, and who used them."""
