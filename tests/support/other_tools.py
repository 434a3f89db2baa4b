"""A folder with a gate of one criterion, a service that reports its build, and the commands that collect and judge."""

import json
import os
from pathlib import Path

import yaml

from gates.adapters.answer import Answer, answer
from gates.adapters.shape import Scene
from gates.schema.entry import run
from gates.schema.source import Request, Source
from scorecards.cli import gonogo

BUILD, OTHER_BUILD = "b" * 64, "c" * 64
NOW = "2026-11-30T10:00:00.000Z"
SHELL_ENVIRON = {"PATH": os.environ["PATH"]}
TARGET = """\
apiVersion: gonogo/v1
kind: Target
metadata: {name: shop}
spec:
  base_url: "BASE_URL"
  credentials: {}
  variables: {}
  operations: {}
  build: {path: /version, pointer: /sha256}
"""


class Service:
    """A service that reports its build at /version, and answers what a test puts at other paths."""

    def __init__(self) -> None:
        self.build, self.headers = BUILD, {}
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []

    def answer(self, _method, target, headers, _body):
        """One answer."""
        self.requests.append((target, dict(headers)))
        if target == "/version":
            return 200, {"Content-Type": "application/json", **self.headers}, json.dumps({"sha256": self.build}).encode()
        return self.pages.get(target.partition("?")[0], (404, {}, b""))


class Tools:
    """The working folder; every command runs in this process, and asks in child processes of its own."""

    def __init__(self, folder: Path, service: Service, url: str, capsys) -> None:
        self.folder, self.service, self.url, self._capsys = folder, service, url, capsys
        (folder / "shop.yaml").write_text(TARGET.replace("BASE_URL", url))
        self.gates = folder / "gates.yaml"

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file of another tool."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def gate(self, source: dict, *, priority: str = "P0", **criterion) -> None:
        """Write the gate set: a P0 gate for it all, or a P1 gate next to a P0 gate that nothing answers."""
        base = {"id": "one", "title": "One", "source": source, "unit": "count", "operator": "lte", "threshold": "0"}
        members = {"letter": "A", "title": "Quality", "owner": "sre", "question": "Is it?", "runbook": "https://example.org/q"}
        gates = [{"id": "quality", "priority": priority, **members, "criteria": [{**base, **criterion}]}]
        if priority != "P0":
            other = {"adapter": "evidence", "predicate_type": "urn:example:none:v2", "measure": "none"}
            gates.append({"id": "other", "priority": "P0", **members, "letter": "B", "criteria": [{**base, "source": other}]})
        document = {"apiVersion": "gonogo/v1", "kind": "GateSet", "metadata": {"name": "mine"}, "spec": {"gates": gates}}
        self.gates.write_text(yaml.safe_dump(document))

    def run(self, *argv: str) -> tuple[int, str, str]:
        """One command: its exit code, stdout and stderr."""
        code = run(gonogo, [str(item) for item in argv])
        shown = self._capsys.readouterr()
        return code, shown.out, shown.err

    def collect(self, *options: str) -> tuple[int, str, str]:
        """Collect."""
        return self.run("evidence", "collect", "--gates", self.gates, "--target", self.folder / "shop.yaml", *options)

    def verdict(self, *options: str) -> dict:
        """Judge, and the verdict on the first criterion."""
        argv = ("gate", "run", "--gates", self.gates, "--target", self.folder / "shop.yaml", "--format", "json", *options)
        code, out, err = self.run(*argv)
        assert code in (0, 1, 3), err
        return json.loads(out)["gates"][0]["criteria"][0]

    def judged(self, source: dict, **criterion) -> dict:
        """Write the gate, collect and judge."""
        self.gate(source, **criterion)
        code, _, err = self.collect()
        assert code in (0, 3), err
        return self.verdict()


def answered(source: Source, unit: str = "count", statistic: str | None = None, **scene) -> Answer:
    """What an adapter answers in this process."""
    return answer(Request(source, unit, statistic), Scene(**{"now": NOW, "environ": SHELL_ENVIRON, **scene}))
