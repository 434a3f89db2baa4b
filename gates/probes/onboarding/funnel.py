"""What the gateway knows of each setup: the lines of its funnel, joined by run and by user. Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

import msgspec

from gates.evidence.statement import Cohort
from gates.schema.errors import UsageProblem
from gates.schema.printable import printable
from gates.schema.time import parse_utc

STARTED, VERIFIED, RETURNED, FAILED, HOST_OK = "started", "receipt_verified", "returned", "failed", "host_ok"
CHAIN = (STARTED, HOST_OK, "call_tried", VERIFIED)
"""The steps that every user takes, in this order; each counts only for who took those before it, and RETURNED comes after."""
ASIDE = ("code_sent", "signed_in", "key_made", "funding_submitted", "funded")
"""Steps that a user with a saved key, an operator's key or demo money never takes: each counts for itself."""
PAID = "paid"
"""What the gateway writes as the step of a verified receipt where it knows a settled payment; every other one is a trial."""
OURS: tuple[Cohort, ...] = ("simulated", "canary")
"""The cohorts of setups that we make ourselves."""
WINDOW = dt.timedelta(days=7)
"""How long a user has: what happens later counts as not happened, and a younger user is not judged yet."""
LABELLED_WITHIN = dt.timedelta(hours=1)
"""How soon after a setup's start the house has to call it its own."""
_DAY = dt.timedelta(days=1)

_Event = Literal[
    "started",
    "code_sent",
    "signed_in",
    "key_made",
    "funding_submitted",
    "funded",
    "host_ok",
    "call_tried",
    "receipt_verified",
    "returned",
    "failed",
]


class NoFunnel(Exception):
    """Bytes that are no funnel: the text names the line and what is wrong with it."""


class FunnelLine(msgspec.Struct, frozen=True):
    """One event, by the gateway's clock. `cohort` is what the house says of the tenant, `none` where nobody said anything.

    `labelled_at` is when the house said it, None where a service does not name it.
    """

    v: Literal[1]
    event: _Event
    at: str
    run: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    cohort: Cohort
    seq: int = 0
    tenant: str | None = None
    host: str | None = None
    step: str | None = None
    code: str | None = None
    labelled_at: str | None = None


class User(msgspec.Struct, frozen=True):
    """One tenant, or a run that came to none: when it began, when each step was reached first, within seven days.

    `began` is None where the gateway saw no start: such a user took no step of CHAIN. `times` are seconds since the beginning, of
    a step of CHAIN after those before it. `returned` are the days of 1 to 7 after the paid receipt.
    """

    name: str
    cohort: Cohort
    has_tenant: bool
    runs: int
    began: dt.datetime | None
    first_seen: dt.datetime
    times: Mapping[str, float]
    returned: tuple[int, ...]
    hosts: tuple[str, ...]
    codes: tuple[str, ...]

    def reached(self, step: str) -> bool:
        """Whether this step was reached in time."""
        return step in self.times


def read_funnel(data: bytes) -> tuple[FunnelLine, ...]:
    """The events in NDJSON, in their order; raises NoFunnel for a line that is none, and for a last one without its end."""
    *whole, rest = data.split(b"\n")
    if rest:
        raise NoFunnel(f"line {len(whole) + 1}: it has no end: the answer was cut off")
    return tuple(_line(text, number) for number, text in enumerate(whole, 1))


def _line(text: bytes, number: int) -> FunnelLine:
    try:
        line = msgspec.json.decode(text, type=FunnelLine)
        parse_utc(line.at)
        parse_utc(line.labelled_at or line.at)
    except (msgspec.MsgspecError, ValueError, RecursionError, UsageProblem) as error:
        raise NoFunnel(f"line {number}: not an event of a funnel: {printable(str(error))}") from None
    return line


def cohorts_of(lines: Iterable[FunnelLine]) -> dict[str, Cohort]:
    """For each run the cohort that the gateway names; a run that was external once stays so.

    Only for an hour after its start can a run become one of ours: later, the house would know who had failed. Then it is `none`.
    """
    known = list(lines)
    began: dict[str, dt.datetime] = {}
    for line in known:
        began[line.run] = min(began.get(line.run, parse_utc(line.at)), parse_utc(line.at))
    found: dict[str, Cohort] = {}
    for line in known:
        cohort = "none" if _is_late(line, began[line.run]) else line.cohort
        if cohort != "none" and found.get(line.run) != "external":
            found[line.run] = cohort
        found.setdefault(line.run, "none")
    return found


def _is_late(line: FunnelLine, began: dt.datetime) -> bool:
    return line.cohort in OURS and line.labelled_at is not None and parse_utc(line.labelled_at) > began + LABELLED_WITHIN


def users_of(lines: Sequence[FunnelLine]) -> tuple[User, ...]:
    """Every user. The runs of one tenant are one user, who began with the first: starting again makes nobody faster."""
    tenants = {line.run: line.tenant for line in lines if line.tenant}
    grouped: dict[str, list[FunnelLine]] = {}
    for line in lines:
        grouped.setdefault(tenants.get(line.run) or line.run, []).append(line)
    cohorts = cohorts_of(lines)
    return tuple(_user(name, some, cohorts, has_tenant=name in set(tenants.values())) for name, some in sorted(grouped.items()))


def _user(name: str, lines: Sequence[FunnelLine], cohorts: Mapping[str, Cohort], *, has_tenant: bool) -> User:
    moments = [(parse_utc(line.at), line) for line in lines]
    began = min((at for at, line in moments if line.event == STARTED), default=None)
    first_seen = min(at for at, _ in moments)
    since = began or first_seen
    in_time = sorted((at, line.event) for at, line in moments if since <= at <= since + WINDOW and _counts(line))
    times: dict[str, float] = {step: (at - since).total_seconds() for at, step in reversed(in_time) if step in ASIDE}
    if began is not None:
        times |= _in_order(in_time, since)
    named = {cohorts[line.run] for line in lines}
    order: tuple[Cohort, ...] = ("external", *reversed(OURS))
    return User(
        name=name,
        cohort=next((one for one in order if one in named), "none"),
        has_tenant=has_tenant,
        runs=len({line.run for line in lines}),
        began=began,
        first_seen=first_seen,
        times=times,
        returned=_days(moments, since + dt.timedelta(seconds=times[VERIFIED])) if VERIFIED in times else (),
        hosts=tuple(sorted({line.host for line in lines if line.host})),
        codes=tuple(line.code for line in lines if line.event == FAILED and line.code),
    )


def _counts(line: FunnelLine) -> bool:
    """A receipt counts as verified where the gateway knows a settled payment."""
    return line.event != VERIFIED or line.step == PAID


def _in_order(in_time: Sequence[tuple[dt.datetime, str]], since: dt.datetime) -> dict[str, float]:
    """When each step of CHAIN came first after the one before it; none after one that never came."""
    times: dict[str, float] = {}
    last = since
    for step in CHAIN:
        came = next((at for at, event in in_time if event == step and at >= last), None)
        if came is None:
            return times
        last, times[step] = came, (came - since).total_seconds()
    return times


def _days(moments: Iterable[tuple[dt.datetime, FunnelLine]], paid_at: dt.datetime) -> tuple[int, ...]:
    """The days on which the user came back, as the gateway counted them, of those at least a day after the paid receipt.

    The gateway counts from the first receipt, which may be that of a trial without money.
    """
    later = (line for at, line in moments if line.event == RETURNED and at >= paid_at + _DAY)
    days = {line.step for line in later if line.step}
    return tuple(sorted(int(day) for day in days if day in {"1", "2", "3", "4", "5", "6", "7"}))
