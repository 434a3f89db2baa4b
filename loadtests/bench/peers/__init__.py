"""Alternatives to the gateway, and the bare service that all are compared with."""
