"""Rehearsing: crash, power and rollback drills whose journals are evidence."""
