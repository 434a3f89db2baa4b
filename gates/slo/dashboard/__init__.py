"""Dashboards from SLO documents: panels as data, written as Grafana's JSON, and as a page with charts from a live Prometheus."""
