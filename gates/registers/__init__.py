"""Registers of findings and incidents: signed entries of the log, what is open by them, and how it is closed."""
