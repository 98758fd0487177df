"""Wish lists: what a guest or a customer wants to remember, and what it cost when they saved it."""
