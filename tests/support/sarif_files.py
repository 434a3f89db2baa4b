"""SARIF files as a scanner writes them, for tests."""

import json
from pathlib import Path


def result(rule: str = "py/log-secret", text: str = "a token is logged", line: int = 7, **members: object) -> dict[str, object]:
    """One result of a scanner; a member that is None is left out."""
    region = {"startLine": line, "snippet": {"text": "log.info(token)"}}
    place = {"physicalLocation": {"artifactLocation": {"uri": "app/log.py"}, "region": region}}
    found = {"ruleId": rule, "level": "error", "message": {"text": text}, "locations": [place], **members}
    return {name: value for name, value in found.items() if value is not None}


def sarif(*results: dict[str, object], rules: tuple[dict[str, object], ...] = (), **members: object) -> bytes:
    """A file with one run."""
    run = {
        "tool": {"driver": {"name": "Scanner", "rules": list(rules)}},
        "invocations": [{"executionSuccessful": True}],
        "results": list(results),
        **members,
    }
    return json.dumps({"version": "2.1.0", "runs": [run]}).encode()


def write_sarif(path: Path, *results: dict[str, object], **members: object) -> Path:
    """The same in a file."""
    path.write_bytes(sarif(*results, **members))
    return path
