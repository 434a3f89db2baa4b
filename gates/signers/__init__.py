"""Signers: which people and machines may sign what, how that list changes, and where private keys lie."""
