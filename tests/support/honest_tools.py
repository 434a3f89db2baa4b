"""Other tools in a working folder, for the ways that go through an adapter: a gate of one criterion, collected and judged."""

import json
from collections.abc import Callable
from pathlib import Path

from honest_state import Ending
from other_tools import BUILD, Service, Tools

JSON = {"Content-Type": "application/json"}
PROMETHEUS = {"adapter": "prometheus", "query": "q", "samples": "s", "scraped": "u"}


class HonestTools(Tools):
    """The same commands as everywhere in these tests; `tried` collects and judges."""

    def __init__(self, folder: Path, service: Service, url: str, gonogo: Callable[..., Ending]) -> None:
        super().__init__(folder, service, url, None)
        self._gonogo = gonogo

    def run(self, *argv: str) -> tuple[int, str, str]:
        """One command."""
        ending = self._gonogo(*argv)
        return ending.code, ending.out, ending.err

    def tried(self, source: dict, **criterion) -> Ending:
        """Write the gate, collect from its source, and judge."""
        self.gate(source, **criterion)
        code, _, err = self.collect()
        assert code in (0, 3), err
        return self.judged_again()

    def judged_again(self, *options: object) -> Ending:
        """Judge what was collected."""
        return self._gonogo("gate", "run", "--gates", self.gates, "--target", self.folder / "shop.yaml", *options)

    def listed(self) -> list[dict]:
        """Every stored statement, as `evidence list` has it."""
        return json.loads(self._gonogo("evidence", "list", "--format", "json").out)

    def answers(self, **changes: object) -> dict:
        """A source of a Prometheus whose answers to the queries q, s and u are clean but for these changes."""
        found = {"q": vector("0"), "s": vector("412"), "u": vector("1", "1"), **changes}
        self.service.queries = {name: json.dumps(answer).encode() for name, answer in found.items()}
        return {**PROMETHEUS, "url": self.url}


class Answering(Service):
    """The service, which answers the queries of Prometheus as well, with the moment of the query."""

    def __init__(self) -> None:
        super().__init__()
        self.queries: dict[str, bytes] = {}
        self.is_down = False

    def answer(self, method, target, headers, body):
        """One answer; 503 to everything while it is down."""
        if self.is_down:
            return 503, {}, b""
        if not target.startswith("/api/v1/query?"):
            return super().answer(method, target, headers, body)
        words = dict(part.split("=") for part in target.partition("?")[2].split("&"))
        moment = words["time"].replace("%3A", ":")
        return 200, JSON, self.queries[words["query"]].replace(b"NOW", _seconds(moment))


def vector(*values: str) -> dict:
    """An instant vector of a series for each value, as of the query."""
    series = [{"metric": {"instance": f"pay-{number}"}, "value": ["NOW", value]} for number, value in enumerate(values, 1)]
    return {"status": "success", "data": {"resultType": "vector", "result": series}}


def _seconds(moment: str) -> bytes:
    from gates.schema.time import parse_utc

    return str(int(parse_utc(moment).timestamp())).encode()


__all__ = ["BUILD", "JSON", "Answering", "HonestTools", "vector"]
