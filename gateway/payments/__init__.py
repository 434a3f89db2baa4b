"""Payments: what is decided about one, and how it is written."""
