"""The life of each resource, as rows."""
