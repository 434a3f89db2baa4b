"""Onboarding rehearsed: setups of our own, walked through the real client against a running gateway, and their journals."""
