"""The client of a new user: hosts, and what speaks for an agent to a gateway over HTTP. It imports no part of the service."""
