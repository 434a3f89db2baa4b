"""Payouts: what is decided about one, how it is written, and the steps with the rail."""
