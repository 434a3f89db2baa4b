"""The linter: what is wrong with SLO documents and alert rules although Prometheus would load them."""
