"""Something that answers as a Prometheus with what a test gives it: no scrape was ever made."""

import json
from urllib.parse import parse_qs, urlsplit

from gates.schema.canonical import Json

_JSON = {"Content-Type": "application/json"}


class Promised:
    """It scrapes the job `shop`, and has these counts of every SLO, in a window without a gap."""

    def __init__(self, *, bad: str = "0", total: str = "100000") -> None:
        self.bad, self.total = bad, total

    def answer(self, _method, target, _headers, _body):
        """One answer of the API."""
        path, queries = urlsplit(target).path, parse_qs(urlsplit(target).query).get("query", [""])
        found: dict[str, Json] = {
            "/api/v1/targets": {"activeTargets": [{"labels": {"job": "shop"}, "scrapeInterval": "15s"}]},
            "/api/v1/status/runtimeinfo": {"storageRetention": "60d"},
        }
        data = found.get(path, {"resultType": "vector", "result": [{"metric": {}, "value": [1.5, self._value(queries[0])]}]})
        return 200, _JSON, json.dumps({"status": "success", "data": data}).encode()

    def _value(self, query: str) -> str:
        if "up{" in query:
            return "10000000"
        if "outcome=" in query:
            return self.bad if 'outcome="bad"' in query else "0"
        return self.total
