"""Evidence: signed statements of measured facts, and the store that holds them by content."""
