"""Onboarding: what setup journals, the gateway's funnel and the runs of runbooks show."""
