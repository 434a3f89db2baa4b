"""The engine: claim a key, decide, record, commit; and what it does between requests."""
