"""Telling: the weekly scorecard, and the console script that leads to every room."""
