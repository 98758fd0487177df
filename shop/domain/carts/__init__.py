"""Carts: mutable, priced live, reached by their id or owned by a customer. A cart never holds stock."""
