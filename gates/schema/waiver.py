"""A waiver: somebody with authority accepts, by signature and until a day, that a gate does not pass."""

from collections.abc import Iterable, Sequence

import msgspec

from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.errors import UsageProblem
from gates.schema.gate import Gate
from gates.schema.outcome import Priority
from gates.schema.source import with_command
from gates.schema.time import parse_utc


class Waiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One accepted exception. It flags the gate and never changes its outcome; no P0 gate can have one.

    It comes from a signed act alone (gates.acts.waivers). It is in force from `granted_at`, the moment of signing, until
    `expires_at`; both are RFC 3339 moments with a zone. `mitigation` is the written plan of `owner` that CONDITIONAL GO requires
    for each P1 gate that does not pass. `gate_sha256` is the gate that was waived (`waived_gate`): another one has no waiver.
    """

    gate: str
    owner: str
    approver: str
    reason: str
    expires_at: str
    mitigation: str = ""
    ticket: str = ""
    granted_at: str = ""
    gate_sha256: str = ""


def waived_gate(gate: Gate) -> str:
    """The digest of what a waiver of this gate accepts: all of it but the commands, in which a review names its target."""
    criteria = tuple(msgspec.structs.replace(item, source=with_command(item.source, "")) for item in gate.criteria)
    return sha256_hex(canonical_json(msgspec.structs.replace(gate, criteria=criteria)))


def require_complete(waivers: Iterable[Waiver]) -> None:
    """Raise UsageProblem for a waiver without a gate, owner, approver, reason or readable moments."""
    for waiver in waivers:
        for name in ("gate", "owner", "approver", "reason"):
            if not getattr(waiver, name).strip():
                raise UsageProblem(f"the waiver of gate {waiver.gate or '?'} has no {name}")
        parse_utc(waiver.expires_at)
        if waiver.granted_at:
            parse_utc(waiver.granted_at)


def gate_fault(name: str, gates: Sequence[Gate]) -> str:
    """Why no waiver of a gate with this name can be in force: unknown, a letter, P0, or not waivable; "" where one can."""
    gate = next((item for item in gates if name == item.id), None)
    if gate is None:
        meant = next((item.id for item in gates if item.letter and name.casefold() == item.letter.casefold()), None)
        if meant is not None:
            return f"{name!r} is a letter; the gate's id is {meant}"
        names = ", ".join(item.id for item in gates if item.waivable) or "none"
        return f"no gate has the id {name!r}; the gates that can be waived: {names}"
    if gate.priority is Priority.P0:
        return f"the gate {name} is P0: it cannot be waived"
    return "" if gate.waivable else f"the gate {name} is not waivable"
