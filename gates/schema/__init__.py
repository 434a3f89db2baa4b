"""The values that all packages share: outcomes, documents, targets, canonical bytes and time."""
