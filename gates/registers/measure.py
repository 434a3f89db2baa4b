"""What does a register say of a criterion? How many items are open, or why nobody knows. Pure: no clock, no file."""

import datetime as dt
from collections.abc import Mapping

from gates.evidence.statement import Measure
from gates.schema.gate import Criterion
from gates.schema.outcome import UnknownReason
from gates.schema.register import OpenItem, Register, RegisterState, at_least, review_command
from gates.schema.source import RegisterSource
from gates.schema.time import parse_duration_s, parse_utc
from gates.selection import Found, Refusal
from gates.shelf import CLOCK_SKEW

_SHOWN = 3


def find_in_register(
    criterion: Criterion, source: RegisterSource, registers: Mapping[Register, RegisterState], now: dt.datetime
) -> Found:
    """The open items that the criterion counts; or, where none is open, unknown without a review that is recent enough.

    What is open is a fact, whoever reviewed the register when. The opportunities to fail are the items that the register ever
    had, and the sources that its reviewer looked at.
    """
    state = registers.get(source.register)
    if state is None:
        return Found(None, None, None, _never(source.register))
    counted = counted_items(source, state)
    parts = {"items": state.items, "looked_at": state.looked_at, "open": len(state.open)}
    measure = Measure(
        str(len(counted)),
        "count",
        samples=state.items + state.looked_at,
        detail=_named(counted) if counted else "",
        made_of=parts,
    )
    if not state.reviewed:
        return Found(state.last, None, None, measure if counted else _never(source.register))
    age = now - parse_utc(state.reviewed_at)
    refusal = None if counted else _too_old(state, age, criterion.max_age)
    return Found(state.reviewed, state.reviewed_at, age // dt.timedelta(seconds=1), refusal or measure)


def counted_items(source: RegisterSource, state: RegisterState) -> tuple[OpenItem, ...]:
    """The open items of the criterion's severity, or of a worse one."""
    return tuple(item for item in state.open if at_least(item.severity, source.severity))


def _never(register: Register) -> Refusal:
    text = f"nobody has reviewed the register {register.value}: {review_command(register)}"
    return Refusal(UnknownReason.MISSING, text)


def _too_old(state: RegisterState, age: dt.timedelta, max_age: str) -> Refusal | None:
    who = f"the register {state.register.value} was reviewed at {state.reviewed_at} by {state.reviewed_by}"
    if age < -CLOCK_SKEW:
        return Refusal(UnknownReason.STALE, f"{who}, after the moment of the judgement")
    if age > dt.timedelta(seconds=parse_duration_s(max_age)):
        text = f"{who}, and by nobody for more than {max_age} since: {review_command(state.register)}"
        return Refusal(UnknownReason.STALE, text)
    return None


def _named(items: tuple[OpenItem, ...]) -> str:
    names = ", ".join(item.id for item in items[:_SHOWN])
    return names + (f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else "")
