"""The faults of a rail: each is a script for it, as data; the names are the rows of the report."""

from collections.abc import Callable, Sequence

import msgspec

from gates.schema.canonical import Json
from gates.schema.errors import UsageProblem

LOSSES = 2
"""Consecutive replies that the rail loses for one charge that is retried: the k of "k + 1 charges"."""
OVERTAKEN = "overtaken"
"""The fault with two processes."""
_SILENT: Json = {"lost": True}  # no webhook reports the outcome of a lost reply: the service has to look it up


class Setting(msgspec.Struct, frozen=True):
    """The parameters of a script: its number of payouts, a delay beyond the service's timeout, and the seed."""

    payouts: int
    too_slow_ms: int
    seed: int


class Fault(msgspec.Struct, frozen=True):
    """One way to misbehave.

    `asks_again`: a payee whose payout failed is still owed, so the client requests again, with a new key. `share`: this fault
    has so many times the usual number of payouts. `slow`: the replies come after the caller's timeout. `late`: the
    rail charges after it has reported a failure. `pair`: two processes of the service share one database, and the rail's
    script changes as they are frozen and continued (takeover.py). `pace_ms` is the time between two requests. A
    fault `by_name` is run only where it is named: something else has to cause it.
    """

    name: str
    title: str
    script: Callable[[Setting], dict[str, Json]]
    asks_again: bool = True
    share: int = 1
    slow: bool = False
    late: bool = False
    pair: bool = False
    pace_ms: int = 0
    by_name: bool = False


def _step(setting: Setting, action: str, losses: int = 1, **more: Json) -> dict[str, Json]:
    return {"action": action, "times": setting.payouts * losses, **more}


def _honest(_setting: Setting) -> dict[str, Json]:
    return {}


def _silent(_setting: Setting) -> dict[str, Json]:
    return {"webhook": _SILENT}


def _decline(setting: Setting) -> dict[str, Json]:
    return {"charges": [_step(setting, "decline", reason="account_closed")]}


def _slow(setting: Setting) -> dict[str, Json]:
    return {"charges": [_step(setting, "slow", delay_ms=setting.too_slow_ms)], "webhook": _SILENT}


def _lost_before(setting: Setting) -> dict[str, Json]:
    return {"charges": [_step(setting, "lost_reply_before", LOSSES)], "webhook": _SILENT}


def _lost_after(setting: Setting) -> dict[str, Json]:
    return {"charges": [_step(setting, "lost_reply_after", LOSSES)], "webhook": _SILENT}


def _forgets(setting: Setting) -> dict[str, Json]:
    return {**_lost_after(setting), "forgets_keys": True}


def _look_up_lost(setting: Setting) -> dict[str, Json]:
    return {**_lost_after(setting), "look_ups": [_step(setting, "lost_reply")]}


def _look_up_lies(setting: Setting) -> dict[str, Json]:
    return {**_lost_after(setting), "look_ups": [_step(setting, "never_seen")]}


def _bad_gateway(setting: Setting) -> dict[str, Json]:
    return {"charges": [_step(setting, "bad_gateway_after", LOSSES)], "webhook": _SILENT}


def _garbled(setting: Setting) -> dict[str, Json]:
    return {"charges": [_step(setting, "garbled_after", LOSSES)], "webhook": _SILENT}


def _doubled_events(setting: Setting) -> dict[str, Json]:
    return {"charges": [_step(setting, "lost_reply_after", LOSSES, webhook={"copies": 3})]}


def _late_events(setting: Setting) -> dict[str, Json]:
    return {"charges": [_step(setting, "pending", delay_ms=200, webhook={"delay_ms": 2000})]}


def _reordered_events(setting: Setting) -> dict[str, Json]:
    manner: Json = {"copies": 2, "reordered": True}
    return {"charges": [_step(setting, "lost_reply_after", LOSSES, webhook=manner)]}


def _late_success(setting: Setting) -> dict[str, Json]:
    return {"charges": [_step(setting, "late_success", delay_ms=500)]}


def _mixed(setting: Setting) -> dict[str, Json]:
    weights: dict[str, Json] = {
        "ok": 4,
        "decline": 1,
        "lost_reply_before": 1,
        "lost_reply_after": 2,
        "bad_gateway_before": 1,
        "bad_gateway_after": 1,
        "garbled_after": 1,
    }
    manner: Json = {"copies": 2, "reordered": True, "delay_ms": 300}
    return {"mix": {"seed": setting.seed, "weights": weights}, "webhook": manner}


FAULTS: tuple[Fault, ...] = (
    Fault("ok", "none: an honest rail", _honest),
    Fault("decline", "the rail declines", _decline),
    Fault("slow", "the reply comes after the caller's timeout", _slow, slow=True),
    Fault("lost_before", "the reply is lost before the effect", _lost_before),
    Fault("lost_after", "the reply is lost after the effect", _lost_after),
    Fault("forgets", "and the rail forgets keys: a retry is charged again", _forgets),
    Fault("look_up_lost", "and the reply to the look-up is lost too", _look_up_lost),
    Fault("look_up_lies", "and the look-up reports: never seen", _look_up_lies),
    Fault("bad_gateway", "502 after success", _bad_gateway),
    Fault("garbled", "an unreadable 2xx after success", _garbled),
    Fault("doubled_events", "lost reply, webhooks doubled", _doubled_events),
    Fault("late_events", "charge pending, webhooks late", _late_events),
    Fault("reordered_events", "lost reply, webhooks in the wrong order", _reordered_events),
    Fault("late_success", "declined, but it succeeds later", _late_success, asks_again=False, late=True),
    Fault("mixed", "all of these at random, from the seed", _mixed, share=3),
    Fault("recovered", "none: honest again", _honest),
    Fault("outage", "the rail goes away and comes back, by a drill", _silent, pace_ms=200, by_name=True),
    Fault(OVERTAKEN, "a stale worker continues after a takeover", _honest, asks_again=False, pair=True),
)


def declines_late(delay_ms: int) -> dict[str, Json]:
    """The script of a rail that declines every charge, and reports it after a delay."""
    return {"charges": [{"action": "decline", "times": 0, "delay_ms": delay_ms, "reason": "account_closed"}], "webhook": _SILENT}


def tells_half(of: int) -> dict[str, Json]:
    """The script of a rail that reports the outcome of half of so many charges, and none of the others."""
    told: list[Json] = [{"action": "ok", "times": of // 2}] if of > 1 else []
    look_ups: Json = [*told, {"action": "lost_reply", "times": 0}]
    return {"look_ups": look_ups, "charges": [*told, {"action": "lost_reply_after", "times": 0}], "webhook": _SILENT}


def chosen(names: Sequence[str]) -> tuple[Fault, ...]:
    """The faults of these names in the table's order, or all that need no drill; raises UsageProblem for an unknown name."""
    known = {fault.name for fault in FAULTS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageProblem(f"no fault is called {unknown[0]!r}", next_step=f"use one of {', '.join(sorted(known))}")
    return tuple(fault for fault in FAULTS if (fault.name in names if names else not fault.by_name))
