"""The rail: where money leaves to the outside world, behind one protocol."""

RAIL_TIMEOUT_S = 5.0
"""Seconds until a rail that has not answered counts as unknown, unless `serve --rail-timeout-s` says otherwise."""
