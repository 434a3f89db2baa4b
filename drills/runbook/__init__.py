"""Runbooks that run: the Markdown that a person reads is what a rehearsal executes."""
