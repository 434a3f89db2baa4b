"""Which artifacts must a secret scan have read? The kinds that a review leaves, known by their names and by what is in them."""

from collections.abc import Callable, Iterable
from pathlib import Path, PurePath

import msgspec

from gates.schema.target import Target

_HEAD = 64 * 1024


class ArtifactKind(msgspec.Struct, frozen=True):
    """One kind: the names that its files have, a text that each holds near its beginning, and what makes one.

    `due` says whether a review of this target leaves such a file.
    """

    name: str
    title: str
    names: tuple[str, ...]
    marker: bytes
    made_by: str
    due: Callable[[Target], bool] = lambda _target: True

    def holds(self, path: Path, name: str) -> bool:
        """Whether this file is one: by its name, and not empty or of another content."""
        if not any(PurePath(name).match(pattern) for pattern in self.names):
            return False
        with path.open("rb") as file:
            head = file.read(_HEAD)
        return bool(head.strip()) and self.marker in head


def _drills(target: Target) -> bool:
    commands = target.commands
    return target.process is not None or bool(commands.kill and commands.restore) or bool(commands.deploy and commands.rollback)


SERVER_LOG = "server_log"
REVIEW = "gonogo review"
KINDS = (
    ArtifactKind(
        SERVER_LOG,
        "the service's log",
        ("service.*.out", "service.*.err"),
        b"",
        f"one that is not empty, from {REVIEW} of a target with a `process`; else name the file with --server-log",
    ),
    ArtifactKind("load_history", "the load run's history", ("history.jsonl",), b"{", "gonogo load run"),
    ArtifactKind("drill_journal", "a drill's journal", ("journal.jsonl",), b'"phase"', "gonogo drill run NAME", _drills),
    ArtifactKind(
        "probe_report",
        "a probe's report",
        ("authorization-sweep.json", "fail-closed.json", "policy-binding.json", "receipt-verification.json"),
        b'"probe"',
        "gonogo gate probe NAME",
    ),
    ArtifactKind(
        "evidence_statement", "evidence", ("*.intoto.jsonl", "*.intoto.json"), b'"payloadType"', "every step of gonogo review"
    ),
    ArtifactKind("scorecard", "the scorecard", ("scorecard.yaml",), b"kind: Scorecard", "gonogo scorecard build"),
)
"""What a review leaves. A scan that did not read one of each has not looked where secrets get to."""


def kinds_of(path: Path, name: str, server_logs: Iterable[Path]) -> list[str]:
    """The kinds that a file counts for; `server_logs` are files, or folders of them, that are one whatever they are called."""
    if any(log == path or log in path.parents for log in server_logs):
        return [SERVER_LOG] if path.stat().st_size else []
    return [kind.name for kind in KINDS if kind.holds(path, name)]


def missing_kinds(target: Target, counts: dict[str, int]) -> list[str]:
    """What a review of this target leaves and the scan has not read, each with what makes it."""
    return [f"{kind.title} ({kind.made_by})" for kind in KINDS if kind.due(target) and not counts.get(kind.name)]
