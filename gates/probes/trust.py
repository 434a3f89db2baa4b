"""Which keys verify the service's receipts: those that were pinned beforehand, or only those that the service itself serves?"""

from pathlib import Path

import msgspec

from gates.evidence.keys import load_trust
from gates.probes.audit_trail import read_trust
from gates.probes.client import TargetClient
from gates.schema.target import UnsetProblem, trust_file

COPY = "trust.json"
_PIN = "pin the keys: `--trust FILE`, or spec.audit.trust_file in the target file, received over another channel than the service"


class Trust(msgspec.Struct, frozen=True):
    """The copy of the keys that the export is verified with; `first_use` is why they are only the service's own word, or ""."""

    path: Path
    source: str
    first_use: str = ""


def keep_trust(client: TargetClient, out: Path, given: Path | None) -> Trust:
    """Copy the keys to OUT/trust.json, next to the export that they verify.

    They are `given`, else the target's `audit.trust_file`, else what the service serves, which proves nothing about the service.
    Raises UsageProblem for a pinned file that is absent, UnverifiedProblem for one without usable keys.
    """
    pinned, why_not = (given, "") if given is not None else _of_target(client)
    if pinned is None:
        first_use = f"the keys are the service's own word, trusted on first use: {why_not}; {_PIN}"
        return _copied(out, read_trust(client), "the keys that the service served before any receipt was read", first_use)
    load_trust(pinned)
    return _copied(out, pinned.read_bytes(), "--trust" if given is not None else "spec.audit.trust_file of the target")


def _of_target(client: TargetClient) -> tuple[Path | None, str]:
    """The file that the target pins, or the reason why there is none."""
    try:
        found = trust_file(client.named, client.environ)
    except UnsetProblem as problem:
        return None, problem.message
    return found, "" if found else f"the target {client.name} has no `audit.trust_file`"


def _copied(out: Path, document: bytes, source: str, first_use: str = "") -> Trust:
    out.mkdir(parents=True, exist_ok=True)
    (out / COPY).write_bytes(document)
    return Trust(out / COPY, source, first_use)
