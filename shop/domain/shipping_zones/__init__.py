"""Shipping zones as staff keep them: which places are delivered to, and how."""
