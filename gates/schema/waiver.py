"""A waiver: somebody with authority accepts, in writing and until a day, that a gate does not pass."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from gates.schema.documents import load_document
from gates.schema.errors import UsageProblem
from gates.schema.time import parse_utc


class Waiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One accepted exception. It flags the gate and never changes its outcome; no P0 gate can have one.

    `expires_at` is an RFC 3339 moment with a zone, after which the waiver does nothing. `mitigation` is the written plan of
    `owner` that CONDITIONAL GO requires for each P1 gate that does not pass.
    """

    gate: str
    owner: str
    approver: str
    reason: str
    expires_at: str
    mitigation: str = ""


def require_complete(waivers: Iterable[Waiver]) -> None:
    """Raise UsageProblem for a waiver without a gate, owner, approver, reason or readable expiry."""
    for waiver in waivers:
        for name in ("gate", "owner", "approver", "reason"):
            if not getattr(waiver, name).strip():
                raise UsageProblem(f"the waiver of gate {waiver.gate or '?'} has no {name}")
        parse_utc(waiver.expires_at)


def load_waivers(folder: Path) -> list[Waiver]:
    """Every Waiver document of a folder, by file name; none where the folder does not exist.

    Raises UsageProblem naming the file and the key that is wrong.
    """
    return [_load(path) for path in sorted(folder.glob("*.yaml"))]


def _load(path: Path) -> Waiver:
    waiver = load_document(path, "Waiver", Waiver).spec
    try:
        require_complete([waiver])
    except UsageProblem as problem:
        raise UsageProblem(f"{path}: $.spec: {problem.message}") from None
    return waiver
