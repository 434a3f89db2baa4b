"""The values that every room shares: outcomes, documents, targets, canonical bytes and time."""
