"""Receipts: verified offline, level by level, by a reader of its own that shares nothing with the service that signs them."""
