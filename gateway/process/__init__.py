"""Processes of the gateway: how they start, fork and end."""

HOST, PORT = "127.0.0.1", 8080
"""Where a gateway listens unless `serve --host --port` say otherwise: on this machine alone."""

DEFAULT_RATE_PER_S = 500
"""Requests a second of a tenant that has set no rate, and twice as many at once: so few that other tenants are served, too."""
