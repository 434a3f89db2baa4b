"""Probes: each checks one thing of a running service or a folder, and stores the result as signed evidence."""
