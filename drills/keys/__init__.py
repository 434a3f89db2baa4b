"""The keys that sign receipts, while a drill rotates or steals one: what is published, what was signed, and what verifies."""
