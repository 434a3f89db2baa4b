"""Rehearsing an incident: a real Prometheus and a real Alertmanager watch the service, and the page has to arrive."""
