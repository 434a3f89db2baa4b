"""Where does somebody look who wants to know why a criterion fails? The logs of its evidence, in the review's folder. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from gates.evidence.statement import Artifact
from gates.evidence.store import Held
from gates.schema.outcome import Outcome
from gates.schema.verdict import GateVerdict
from scorecards.raw_files import ARTIFACTS
from scorecards.schema import LinkedLog

_FOR_PROGRAMS = frozenset(
    {"plan.json", "order.json", "before.json", "run.json", "record.json", "request.json", "notes.json", "page.md"}
)
"""Raw files that say what was to be done and how it began; the others say what happened."""
_SUFFIXES = frozenset({".yaml", ".yml"})
_SHA256 = re.compile("[0-9a-f]{64}")


def failing_logs(gates: Sequence[GateVerdict], evidence: Iterable[Held], kept: Collection[str]) -> tuple[LinkedLog, ...]:
    """The logs of each statement by which a criterion fails, of those that are kept; by statement, as it lists them. Pure."""
    failing = {item.evidence for gate in gates for item in gate.criteria if item.outcome is Outcome.FAIL}
    wanted = sorted((item for item in evidence if item.digest in failing), key=lambda item: item.digest)
    there = frozenset(kept)
    return tuple(
        LinkedLog(item.digest, one.name, one.sha256, one.size) for item in wanted for one in logs_of(item) if one.sha256 in there
    )


def log_path(log: LinkedLog) -> str:
    """Where the folder of a review, and of a packed one, has the log."""
    return f"{ARTIFACTS}/{log.sha256[:2]}/{log.sha256}"


def logs_of(item: Held) -> Iterator[Artifact]:
    """The raw files of a statement that say what happened."""
    for one in item.statement.predicate.artifacts:
        path = PurePosixPath(one.name)
        if path.name not in _FOR_PROGRAMS and path.suffix not in _SUFFIXES and _SHA256.fullmatch(one.sha256):
            yield one
