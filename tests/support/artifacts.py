"""One file of each kind of artifact that a secret scan must have read, as a review leaves them."""

import base64
import json
from pathlib import Path

HISTORY = {"at": 1, "kind": "sent", "key": "storm-1"}
JOURNAL = {"at": "2026-11-23T10:00:00.000Z", "phase": "preflight", "status": "planned"}
STATEMENT = {"payloadType": "application/vnd.in-toto+json", "payload": base64.b64encode(b"{}").decode(), "signatures": []}
FILES = {
    "server_log": ("logs/service.1.err", "GET /v1/payments 200\n"),
    "load_history": ("storm/history.jsonl", json.dumps(HISTORY) + "\n"),
    "drill_journal": ("crash/journal.jsonl", json.dumps(JOURNAL) + "\n"),
    "probe_report": ("probes/fail-closed.json", json.dumps({"probe": "fail-closed"})),
    "evidence_statement": ("draft/evidence.intoto.jsonl", json.dumps(STATEMENT) + "\n"),
    "scorecard": ("draft/scorecard.yaml", "apiVersion: gonogo/v1\nkind: Scorecard\n"),
}


def make_artifacts(folder: Path, *, without: tuple[str, ...] = (), leak: dict[str, str] | None = None) -> Path:
    """Write one file of each kind, `leak` adding a line to some; returns the folder."""
    for kind, (name, content) in FILES.items():
        if kind not in without:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content + (leak or {}).get(kind, ""))
    return folder
