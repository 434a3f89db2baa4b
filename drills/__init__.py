"""Rehearsing: crash and rollback drills whose journals are evidence."""
