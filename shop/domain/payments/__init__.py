"""Payments of orders. Cash on delivery for now; cards come with their own issue."""
