"""The report of a setup, made from its journal alone: the same lines give the same bytes."""

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal

import msgspec

from gateway.canonical import sha256_hex
from gateway.machines.onboarding import ONBOARDING, OnboardingEffect, OnboardingEvent, OnboardingState
from gateway.setup.failures import SetupCode
from gateway.setup.journal import found_in
from gateway.setup.lines import Found, HostFound, LevelFound, Line, WaitingOn, line_bytes
from gateway.setup.server_codes import row_of

Outcome = Literal["completed", "trust_only", "paused", "blocked"]
Cohort = Literal["none", "simulated", "canary", "external"]
_COHORTS: dict[str, Cohort] = {"simulated": "simulated", "canary": "canary", "external": "external"}
_ENDS: dict[OnboardingState | None, Outcome] = {
    OnboardingState.COMPLETED: "completed",
    OnboardingState.TRUST_ONLY: "trust_only",
    OnboardingState.PAUSED: "paused",
    OnboardingState.BLOCKED: "blocked",
}
_RESUME, _GOES_ON = "gonogo setup resume", ("gonogo setup resume", "gonogo setup run")
STEP_IDS = ("probe", "enter", "code", "tenant", "key", "wallet", "funding", "hosts", "apply", "see", "pay", "call", "check")


class StepReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step over all walks of the run. `attempts` counts how often it ended; `code` and `next` are of its last failure."""

    id: str
    status: Literal["done", "failed", "skipped", "open"]
    attempts: int
    duration_ms: int
    waiting_ms: int
    code: str | None
    next: str | None


class Failure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the setup is not completed, who can fix it, what to do next, and a text for a ticket.

    `tries_left` is how many codes may still be tried, where the gateway refused one; `retry_after_s` is how long the gateway
    wants to be left alone. `then` goes on with the setup, where `command` alone does not.
    """

    code: str
    title: str
    step: str
    who: Literal["user", "operator"]
    text: str
    command: str
    runbook: str
    ticket: str
    tries_left: int | None = None
    retry_after_s: int | None = None
    then: str | None = None


class JournalNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The journal that the report was made from: the sha256 of its bytes, and its lines."""

    sha256: str
    lines: int


class SetupReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a setup came to, whether it ended well or not.

    Times are milliseconds; `ttfvr_ms` is the time to the first receipt that verifies. `cohort` is whose setup it was: `none`
    until the gateway's house has set it. `decisions` counts what the user decided.
    """

    version: Literal["1"] = "1"
    run: str
    build: str | None
    mode: Literal["quick", "full"]
    cohort: Cohort
    outcome: Outcome
    decisions: int
    steps: tuple[StepReport, ...]
    tenant_id: str | None
    wallet: str | None
    hosts: tuple[HostFound, ...]
    payment_id: str | None
    receipt_id: str | None
    levels: tuple[LevelFound, ...]
    ttfvr_ms: int | None
    failure: Failure | None
    journal: JournalNote


def report_of(lines: Sequence[Line]) -> SetupReport:
    """The report of a journal with at least one line. A journal without an end is that of a setup that was killed."""
    assert lines, "a run has begun"
    found, last = found_in(lines), _last_move(lines)
    outcome = _ENDS.get(last.next, "paused")
    raw = b"".join(line_bytes(line) + b"\n" for line in lines)
    build = next((line.build for line in reversed(lines) if line.build), None)
    return SetupReport(
        run=lines[0].run,
        build=build,
        mode=lines[0].mode or "quick",
        cohort=_cohort(found.cohort, demo_money=bool(found.demo_money)),
        outcome=outcome,
        decisions=sum(_is_decision(line) for line in _last_walk(lines)),
        steps=tuple(_step(name, lines) for name in STEP_IDS),
        tenant_id=found.tenant_id,
        wallet=found.wallet_id,
        hosts=found.hosts or (),
        payment_id=found.payment_id,
        receipt_id=next((line.receipt_id for line in reversed(lines) if line.receipt_id), None),
        levels=found.levels or (),
        ttfvr_ms=_ttfvr_ms(lines) if outcome in ("completed", "trust_only") else None,
        failure=None if outcome == "completed" else _failure(lines, last, outcome, build),
        journal=JournalNote(sha256_hex(raw), len(lines)),
    )


def report_bytes(report: SetupReport) -> bytes:
    """The report as it is stored: JSON, sorted, indented."""
    return msgspec.json.format(msgspec.json.encode(report, order="sorted"), indent=2) + b"\n"


def waits(lines: Sequence[Line]) -> Iterable[tuple[str, WaitingOn, int]]:
    """Step, who was waited for, and how many milliseconds, for each wait."""
    for (before, _), (after, owner) in pairwise(_owned(lines)):
        if before.waiting_on is not None and after.event is not OnboardingEvent.BEGIN:
            yield owner, before.waiting_on, _ms(before, after)


def _owned(lines: Sequence[Line]) -> list[tuple[Line, str]]:
    """Each line with the step that its time belongs to: that of the next move, for events are counted in the middle of steps."""
    owned, owner = [], lines[-1].step
    for line in reversed(lines):
        owner = line.step if line.event is not None else owner
        owned.append((line, owner))
    return owned[::-1]


def _ms(before: Line, after: Line) -> int:
    return max(after.mono_ms - before.mono_ms, 0)


def _step(name: str, lines: Sequence[Line]) -> StepReport:
    own = [line for line in lines if line.step == name]
    moves = [line for line in own if line.event is not None]
    between = [(before, after) for before, after in pairwise(_owned(lines)) if after[0].event is not OnboardingEvent.BEGIN]
    last = moves[-1] if moves else None
    bad = next((line for line in reversed(moves) if line.code is not None), None)
    status: Literal["done", "failed", "skipped", "open"] = "skipped"
    if own:
        status = "open" if last is None or own[-1].seq > last.seq else "done" if last.phase == "succeeded" else "failed"
    return StepReport(
        id=name,
        status=status,
        attempts=len(moves),
        duration_ms=sum(_ms(before, after) for (before, _), (after, owner) in between if owner == name),
        waiting_ms=sum(ms for step, _, ms in waits(lines) if step == name),
        code=bad.code if bad else None,
        next=bad.next_command if bad else None,
    )


def _last_move(lines: Sequence[Line]) -> Line:
    return next(line for line in reversed(lines) if line.event is not None)


def _last_walk(lines: Sequence[Line]) -> Sequence[Line]:
    begun = max(place for place, line in enumerate(lines) if line.event is OnboardingEvent.BEGIN)
    return lines[begun:]


def _is_decision(line: Line) -> bool:
    if line.event is None:
        return False
    edge = ONBOARDING.edge(line.state, line.event)
    return edge is not None and edge.effect is OnboardingEffect.DECIDE


def _cohort(named: str | None, *, demo_money: bool) -> Cohort:
    """The tenant's cohort as the gateway has it; demo money makes every setup a simulated one."""
    return "simulated" if demo_money else _COHORTS.get(named or "", "none")


def _ttfvr_ms(lines: Sequence[Line]) -> int:
    """Until the run came to its end for the first time: going on again and verifying once more makes it no longer."""
    end = _last_move(lines).next
    first = next(line for line in lines if line.event is not None and line.next is end)
    begun, verified = (dt.datetime.fromisoformat(line.at) for line in (lines[0], first))
    return max(int((verified - begun) / dt.timedelta(milliseconds=1)), 0)


def _failure(lines: Sequence[Line], last: Line, outcome: Outcome, build: str | None) -> Failure:
    killed = last.next not in _ENDS
    code = _code(last, outcome) if not killed else SetupCode.SETUP_KILLED.value
    row = row_of(code)
    step = lines[-1].step if killed else last.step
    command = last.next_command if last.code == code and last.next_command else row.next.command.format(host="HOST", file="FILE")
    request_id = next((line.request.request_id for line in reversed(lines) if line.request and line.request.request_id), None)
    ticket = (
        f"gonogo setup {lines[0].run}: {outcome} at step {step} with {code} ({row.title}). Request {request_id or 'none'}, "
        f"gateway build {(build or 'unknown')[:16]}, {lines[-1].at}. Suggested next: {command}. "
        f"Runbook: runbooks/{row.next.runbook}."
    )
    page = f"runbooks/{row.next.runbook}"
    known = next((line.found for line in reversed(lines) if line.code == code and line.found is not None), Found())
    then = None if command.startswith(_GOES_ON) else _RESUME
    return Failure(
        code, row.title, step, row.who, row.next.text, command, page, ticket, known.tries_left, known.retry_after_s, then
    )


def _code(last: Line, outcome: Outcome) -> str:
    if outcome == "trust_only":
        return SetupCode.WALLET_EMPTY.value
    return last.code or SetupCode.BUDGET_SPENT.value
