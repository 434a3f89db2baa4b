"""Adapters: the answers of other tools, read into one measure each, and signed as evidence."""
