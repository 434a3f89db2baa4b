"""Probes: each asks a running service, or a folder, one question and leaves the answer as signed evidence."""
