"""SLOs as data: OpenSLO documents in, alert rules, their tests, a linter, dashboards and evidence out.

Other rooms call it as a child command: `gonogo slo generate DOCS --out DIR` writes a Prometheus rule file for each SLO
(`SERVICE-NAME.rules.yaml`), one for each job (`job-JOB.rules.yaml`) and `prometheus.rules.yaml`, and prints their paths, one a
line. DOCS are files, folders, `reference` (the reference gateway's own documents, the default; their job in Prometheus is
`gateway`) or `canary` (those of its canary, job `canary`). Alerts carry the labels `slo`, `severity` (page, ticket, watchdog),
`long`, `short` and `burn`.
"""
