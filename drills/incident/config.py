"""The configuration of a rehearsal's Prometheus: it scrapes and evaluates each second, as quickly as it can be seen. Pure."""

from urllib.parse import urlsplit

import msgspec

from gates.schema.canonical import Json, canonical_yaml

EVERY = "1s"
"""The interval of scrapes and of evaluations."""

OWN_JOB = "prometheus"


class Scrape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the service's metrics are: the URL of the service, the path, and the name of the job in its rules."""

    url: str
    path: str
    job: str


def prometheus_bytes(scrape: Scrape, own_port: int, alertmanager_port: int) -> bytes:
    """The configuration as YAML. The rules are in `rules/` next to it; Prometheus scrapes itself, too, for RulesFailing."""
    parts = urlsplit(scrape.url)
    service: dict[str, Json] = {
        "job_name": scrape.job,
        "scheme": parts.scheme,
        "metrics_path": f"{parts.path.rstrip('/')}{scrape.path}",
        "static_configs": [{"targets": [parts.netloc]}],
    }
    own: dict[str, Json] = {"job_name": OWN_JOB, "static_configs": [{"targets": [f"127.0.0.1:{own_port}"]}]}
    return canonical_yaml(
        {
            "global": {"scrape_interval": EVERY, "scrape_timeout": EVERY, "evaluation_interval": EVERY},
            "rule_files": ["rules/*.yaml"],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager_port}"]}]}]},
            "scrape_configs": [service, own],
        }
    )
