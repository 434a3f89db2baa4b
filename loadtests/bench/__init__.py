"""The speed comparison: our gateway, a bare service and common alternatives, measured in one run."""
