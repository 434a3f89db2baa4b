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
STEPS = (
    STARTED,
    "code_sent",
    "signed_in",
    "key_made",
    "funding_submitted",
    "funded",
    HOST_OK,
    "call_tried",
    VERIFIED,
    RETURNED,
)
"""The steps of a new user, in their order."""
PAID = "paid"
"""What the gateway writes as the step of a verified receipt where it knows a settled payment; every other one is a trial."""
OURS: tuple[Cohort, ...] = ("simulated", "canary")
"""The cohorts of setups that we make ourselves."""
WINDOW = dt.timedelta(days=7)
"""How long a user has: what happens later counts as not happened, and a younger user is not judged yet."""

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
    """One event, by the gateway's clock. `cohort` is what the house says of the tenant, `none` where nobody said anything."""

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


class User(msgspec.Struct, frozen=True):
    """One tenant, or a run that came to none: when it began, when each step was reached first, within seven days.

    `began` is None where the gateway saw no start. `times` are seconds since the beginning. `returned` are the days of 1 to 7.
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
    except (msgspec.MsgspecError, ValueError, RecursionError, UsageProblem) as error:
        raise NoFunnel(f"line {number}: not an event of a funnel: {printable(str(error))}") from None
    return line


def cohorts_of(lines: Iterable[FunnelLine]) -> dict[str, Cohort]:
    """For each run the cohort that the gateway names; a run that was external once stays so."""
    found: dict[str, Cohort] = {}
    for line in lines:
        if line.cohort != "none" and found.get(line.run) != "external":
            found[line.run] = line.cohort
        found.setdefault(line.run, "none")
    return found


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
    in_time = [(at, line) for at, line in moments if since <= at <= since + WINDOW]
    times: dict[str, float] = {}
    for at, line in in_time:
        if line.event != FAILED and (line.event != VERIFIED or line.step == PAID):
            times[line.event] = min(times.get(line.event, WINDOW.total_seconds()), (at - since).total_seconds())
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
        returned=_days(moments),
        hosts=tuple(sorted({line.host for line in lines if line.host})),
        codes=tuple(line.code for line in lines if line.event == FAILED and line.code),
    )


def _days(moments: Iterable[tuple[dt.datetime, FunnelLine]]) -> tuple[int, ...]:
    """The days after the first verified receipt on which the user came back, as the gateway counted them."""
    days = {line.step for _, line in moments if line.event == RETURNED and line.step}
    return tuple(sorted(int(day) for day in days if day in {"1", "2", "3", "4", "5", "6", "7"}))
