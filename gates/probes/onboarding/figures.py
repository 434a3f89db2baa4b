"""How well do new users get on? Completion, time to the first verified receipt, activation: external users alone. Pure."""

import datetime as dt
from collections.abc import Sequence
from decimal import ROUND_UP, Decimal
from fractions import Fraction
from math import ceil

from gates.confidence import plain, round_down
from gates.evidence.statement import Cohort, Measure
from gates.probes.onboarding.funnel import ASIDE, CHAIN, HOST_OK, RETURNED, VERIFIED, WINDOW, FunnelLine, User, users_of
from gates.schema.canonical import Json
from gates.schema.outcome import UnknownReason

COMPLETION, SUCCESS, ACTIVATION = "completion", "onboarding_success", "activation"
TTFVR_P50, TTFVR_P95 = "time_to_first_verified_receipt", "time_to_first_verified_receipt_p95"
MEASURES = (COMPLETION, SUCCESS, ACTIVATION, TTFVR_P50, TTFVR_P95)
COHORT: Cohort = "external"
_NEVER = int(WINDOW.total_seconds())


def old_enough(users: Sequence[User], now: dt.datetime) -> tuple[User, ...]:
    """The users who had their seven days."""
    return tuple(user for user in users if user.first_seen + WINDOW <= now)


def judged_users(users: Sequence[User], now: dt.datetime) -> tuple[tuple[User, ...], tuple[User, ...]]:
    """The external users who had their seven days, and the setups of that age of which nobody can say whose they are.

    The second are runs that came to no tenant, and tenants that the house has put into no cohort: they count against.
    """
    old = old_enough(users, now)
    return tuple(one for one in old if one.cohort == COHORT), tuple(one for one in old if one.cohort == "none")


def figures(lines: Sequence[FunnelLine], now: dt.datetime) -> dict[str, Measure]:
    """The measures, unknown as long as no external user had their seven days."""
    users = users_of(lines)
    external, unnamed = judged_users(users, now)
    if not external:
        unknown = Measure(None, "ratio", unknown=UnknownReason.TOO_FEW_SAMPLES, detail=_waits_for(users, now))
        return {name: _in_seconds(unknown, name) if name in (TTFVR_P50, TTFVR_P95) else unknown for name in MEASURES}
    at_hosts = [one for one in external if one.hosts]
    return {
        COMPLETION: _ratio(external, VERIFIED, len(unnamed)),
        SUCCESS: _ratio(at_hosts, VERIFIED, len(unnamed)),
        ACTIVATION: _share(external, [one for one in external if one.reached(VERIFIED) and one.returned], len(unnamed)),
        TTFVR_P50: _quantile(external, len(unnamed), 50, TTFVR_P50),
        TTFVR_P95: _quantile(external, len(unnamed), 95, TTFVR_P95),
    }


def _waits_for(users: Sequence[User], now: dt.datetime) -> str:
    young = sum(one.cohort == COHORT and one.first_seen + WINDOW > now for one in users)
    others = sum(one.cohort != COHORT for one in users)
    return (
        f"no external user began at least 7 days ago (external users who began later: {young}; users of another cohort or of "
        f"none: {others}); it waits for external users"
    )


def _in_seconds(measure: Measure, name: str) -> Measure:
    return Measure(None, "s", unknown=measure.unknown, detail=measure.detail, statistic=_statistic(name))


def _statistic(name: str) -> str:
    return "p95 nearest-rank" if name == TTFVR_P95 else "p50 nearest-rank"


def _ratio(users: Sequence[User], step: str, unnamed: int) -> Measure:
    return _share(users, [one for one in users if one.reached(step)], unnamed)


def _share(users: Sequence[User], good: Sequence[User], unnamed: int) -> Measure:
    """The share of the good ones; setups that belong to nobody who is known are skipped, and so count against it."""
    if not users:
        return Measure(None, "ratio", skipped=unnamed, unknown=UnknownReason.TOO_FEW_SAMPLES, detail="no user came to a host")
    value = round_down_ratio(len(good), len(users))
    return Measure(value, "ratio", samples=len(users), failures=len(users) - len(good), skipped=unnamed, made_of=_parts(users))


def round_down_ratio(part: int, whole: int) -> str:
    """A ratio to six places, rounded down."""
    return plain(round_down(Fraction(part, whole)))


def _quantile(users: Sequence[User], unnamed: int, percent: int, name: str) -> Measure:
    """By nearest rank over all users; without a paid and verified receipt it is at least the seven days that they had."""
    times = sorted([*(_seconds(one) for one in users), *([Decimal(_NEVER)] * unnamed)])
    value = times[ceil(len(times) * percent / 100) - 1]
    parts = {**_parts(users), "unnamed": unnamed, "never": sum(one == _NEVER for one in times)}
    detail = "that user has none: seven days stand for it" if value == _NEVER else ""
    return Measure(plain(value), "s", samples=len(users), statistic=_statistic(name), detail=detail, made_of=parts)


def _seconds(user: User) -> Decimal:
    if user.began is None or not user.reached(VERIFIED):
        return Decimal(_NEVER)
    return Decimal(str(user.times[VERIFIED])).quantize(Decimal("0.001"), ROUND_UP)


def _parts(users: Sequence[User]) -> dict[str, int]:
    """How many were at it, how many setups they began, and how many of them came to a host."""
    return {"users": len(users), "setups": sum(one.runs for one in users), "at_host": sum(one.reached(HOST_OK) for one in users)}


def funnel_facts(lines: Sequence[FunnelLine]) -> list[Json]:
    """For each cohort how many users reached each step; nothing is judged by it.

    `steps` only fall: each counts those who took the ones before it, in order. `aside` are steps that not every user needs.
    """
    users = users_of(lines)
    found: list[Json] = []
    for cohort in ("external", "canary", "simulated", "none"):
        some = [one for one in users if one.cohort == cohort]
        if some:
            steps: list[Json] = [{"step": step, "users": sum(_came(one, step) for one in some)} for step in (*CHAIN, RETURNED)]
            aside: list[Json] = [
                {"step": step, "users": sum(one.began is not None and one.reached(step) for one in some)} for step in ASIDE
            ]
            days: list[Json] = [sum(day in one.returned for one in some) for day in range(1, 8)]
            named: dict[str, Json] = {
                "cohort": cohort,
                "users": len(some),
                "steps": steps,
                "aside": aside,
                "returned_days": days,
                "hosts": _hosts(some),
            }
            found.append(named)
    return found


def _hosts(users: Sequence[User]) -> list[Json]:
    """For each host how many users named it, and how many of them hold a paid and verified receipt."""
    names = sorted({host for one in users for host in one.hosts})
    at = {name: [one for one in users if name in one.hosts] for name in names}
    return [
        {"host": name, "users": len(some), "verified": sum(one.reached(VERIFIED) for one in some)} for name, some in at.items()
    ]


def _came(user: User, step: str) -> bool:
    return bool(user.returned) if step == RETURNED else user.reached(step)
