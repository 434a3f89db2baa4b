"""Processes of the gateway: how they start, fork and end."""

HOST, PORT = "127.0.0.1", 8080
"""Where a gateway listens unless `serve --host --port` say otherwise: on this machine alone."""
