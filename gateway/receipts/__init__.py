"""Receipts: their form, their signatures."""
