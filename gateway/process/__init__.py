"""Processes of the gateway: how they start, fork and end."""
