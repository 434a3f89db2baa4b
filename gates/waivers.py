"""Which waivers are in force? Those of a waivable gate that is not P0, from their signing until they expire or it changes."""

import datetime as dt
from collections.abc import Iterable

from gates.schema.gate import Gate
from gates.schema.outcome import Priority
from gates.schema.time import parse_utc
from gates.schema.waiver import Waiver, waived_gate


def in_force(gate: Gate, waivers: Iterable[Waiver], now: dt.datetime) -> Waiver | None:
    """The gate's waiver that lasts longest after `now`; None for a P0 gate, an unwaivable one, or where none is in force."""
    if gate.priority is Priority.P0 or not gate.waivable:
        return None
    granted = [item for item in waivers if item.gate == gate.id and is_of(item, gate) and holds(item, now)]
    return max(granted, key=_longest, default=None)


def is_of(waiver: Waiver, gate: Gate) -> bool:
    """Whether the gate is still what was waived: a change of it ends the waiver."""
    return waiver.gate_sha256 == waived_gate(gate)


def holds(waiver: Waiver, now: dt.datetime) -> bool:
    """Whether a waiver is signed already and not over."""
    return (not waiver.granted_at or parse_utc(waiver.granted_at) <= now) and parse_utc(waiver.expires_at) > now


def _longest(waiver: Waiver) -> tuple[dt.datetime, str, str, str, str]:
    return parse_utc(waiver.expires_at), waiver.owner, waiver.approver, waiver.reason, waiver.mitigation
