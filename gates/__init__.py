"""Deciding: gates as data, evidence, checks and the verdict; the toolkit's vocabulary."""
