"""Reporting: the weekly scorecard, and the console script `gonogo`."""
