"""A waiver: somebody with authority accepts, in writing and until a day, that a gate does not pass."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from gates.schema.documents import load_document
from gates.schema.errors import UsageProblem
from gates.schema.folder import documents_in
from gates.schema.gate import Gate
from gates.schema.outcome import Priority
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


def load_waivers(folder: Path, gates: Sequence[Gate]) -> list[Waiver]:
    """Every Waiver document of a folder, by file name.

    Raises UsageProblem naming the file and the key that is wrong, a folder that is not there, and a waiver of none of the gates
    that may have one: it would do nothing.
    """
    return [_load(path, gates) for path in documents_in(folder, "waiver file")]


def _load(path: Path, gates: Sequence[Gate]) -> Waiver:
    waiver = load_document(path, "Waiver", Waiver).spec
    try:
        require_complete([waiver])
    except UsageProblem as problem:
        raise UsageProblem(f"{path}: $.spec: {problem.message}") from None
    fault = _gate_fault(waiver.gate, gates)
    if fault:
        raise UsageProblem(f"{path}: $.spec.gate: {fault}", next_step="correct the file, or remove it")
    return waiver


def _gate_fault(name: str, gates: Sequence[Gate]) -> str:
    gate = next((item for item in gates if name == item.id), None)
    if gate is None:
        meant = next((item.id for item in gates if name == item.letter), None)
        if meant is not None:
            return f"{name!r} is a letter; the gate's id is {meant}"
        names = ", ".join(item.id for item in gates if item.waivable) or "none"
        return f"no gate has the id {name!r}; the gates that can be waived: {names}"
    if gate.priority is Priority.P0:
        return f"the gate {name} is P0: it cannot be waived"
    return "" if gate.waivable else f"the gate {name} is not waivable"
