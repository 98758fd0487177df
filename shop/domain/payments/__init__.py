"""Payments of orders: cash on delivery, and cards by way of a provider."""
