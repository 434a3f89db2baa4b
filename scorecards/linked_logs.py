"""The logs that the page of a review links: which the store has, copied into the review's folder, and whether they are there."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from gates.evidence.objects import sha256_of
from gates.evidence.statement import Artifact
from gates.evidence.store import EvidenceStore, Held
from gates.schema.errors import UnverifiedProblem
from scorecards.logs import log_path, logs_of
from scorecards.schema import LinkedLog


def stored_logs(evidence: Iterable[Held], store: EvidenceStore) -> tuple[str, ...]:
    """The sha256 of each log of these statements that the store has, sorted."""
    named = {one.sha256: one for item in evidence for one in logs_of(item)}
    return tuple(sorted(sha256 for sha256, one in named.items() if _is_there(store.artifact_path(sha256), one)))


def copy_logs(logs: Iterable[LinkedLog], store: EvidenceStore, out: Path) -> None:
    """Copy the logs from the store into the review's folder, to where its page links them."""
    for log in logs:
        to = out / log_path(log)
        to.parent.mkdir(parents=True, exist_ok=True)
        if not to.exists():
            shutil.copyfile(store.artifact_path(log.sha256), to)


def require_logs(logs: Iterable[LinkedLog], folder: Path) -> int:
    """How many logs the page links; raises UnverifiedProblem naming the first one that is not there, or was changed."""
    count = 0
    for log in logs:
        path = folder / log_path(log)
        if not path.is_file():
            raise UnverifiedProblem(f"{log_path(log)} is missing: the log {log.name}, which the page links")
        if sha256_of(path) != (log.sha256, log.size):
            raise UnverifiedProblem(f"{log_path(log)} was changed: it is not the log {log.name} that the page links")
        count += 1
    return count


def _is_there(path: Path, one: Artifact) -> bool:
    return path.is_file() and path.stat().st_size == one.size
