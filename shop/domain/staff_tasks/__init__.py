"""Bulk work of staff that runs beside their pages: its row, and what carries it on after any crash."""
