"""The speed comparison: our gateway, a bare service and what a user would build instead, measured side by side in one run."""
