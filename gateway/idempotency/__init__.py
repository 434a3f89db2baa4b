"""Idempotency: what a key claims, and which first requests are under way."""
