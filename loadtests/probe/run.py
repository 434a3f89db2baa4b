"""One payment against a target: reserve, settle, both again, read-back; and what that shows of the target's file."""

import datetime as dt
from collections.abc import Callable, Sequence
from time import sleep

import msgspec

from gates.schema.errors import Problem, UsageProblem
from gates.schema.gate import Gate
from gates.schema.target import NamedTarget, Target, require_operations
from gates.schema.time import Clock
from loadtests.books.entries import Opening
from loadtests.books.read import read_books, read_opening
from loadtests.checker.check import check
from loadtests.checker.findings import Rule
from loadtests.checker.listing import expected_of
from loadtests.checker.requests import index_history
from loadtests.probe.read_back import read_back
from loadtests.probe.schema import Outcome, Report, Said
from loadtests.probe.unjudged import unjudged
from loadtests.probe.words import said_of
from loadtests.run.audit_named import audit_problem
from loadtests.run.description import key_member
from loadtests.run.preflight import Trail, preflight
from loadtests.run.skew import MOST, comparable, skew_of
from loadtests.schema import Arrivals, LoadProfile, Mix, NamedProfile
from loadtests.service import Service
from loadtests.storm.history import Event
from loadtests.storm.manners import Manners
from loadtests.storm.plan import Plan, make_plan
from loadtests.storm.wire import require_sendable

_READY_S = 2.0
_CLOSE = f"within {MOST.seconds} s of this machine's"


def run_probe(
    named: NamedTarget, gates: Sequence[Gate], run_id: str, clock: Clock, pause: Callable[[float], None] = sleep
) -> Report:
    """Probe the target; a problem with its file or with the service is part of the report.

    `gates` are those by which the target will be judged: the report names those of their criteria that stay unknown.

    Raises UsageProblem for a file without reserve or settle, and for a value of the environment that is missing, or that cannot
    be sent.
    """
    require_operations(named.target)
    with Service(named) as service:
        plan = make_plan(_profile(named), 1, run_id, service.accounts())
        manners = Manners(named.target, plan)
        report = _Probe(service, plan, manners, gates, comparable(clock)).run(pause)
        return msgspec.json.decode(service.redact(msgspec.json.encode(report).decode()), type=Report)


def _profile(named: NamedTarget) -> NamedProfile:
    """One payment that is settled, and given back where the file has `refund`; one that is released, if the file says how."""
    operations = named.target.operations
    mix = Mix(settle=1, reverse=int("reverse" in operations), refund=int("refund" in operations))
    return NamedProfile("probe", "", LoadProfile(payments=1, arrivals=Arrivals(rate_per_s=1), mix=mix))


class _Probe:
    def __init__(self, service: Service, plan: Plan, manners: Manners, gates: Sequence[Gate], clock: Clock | None) -> None:
        self._service, self._plan, self._manners, self._gates, self._clock = service, plan, manners, gates, clock
        self._trail = Trail()

    def run(self, pause: Callable[[float], None]) -> Report:
        service, plan = self._service, self._plan
        try:
            for payment in plan.preflight:
                for step in payment.steps:
                    require_sendable(self._manners.request(payment, step, "pay_example"))
            service.await_ready(_READY_S)
            opening = read_opening(service, plan, hasty=True)
            preflight(service, plan, self._manners, opening, clock=self._clock, repeat=True, trail=self._trail, pause=pause)
        except Problem as problem:
            return _ended(self._sent(), problem)
        return self._read(opening)

    def _sent(self) -> Report:
        """The report of what was sent and answered."""
        return Report(
            target=self._service.name,
            base_url=self._service.base_url,
            outcome="understood",
            problem="",
            next_step="",
            requests=tuple(said_of(self._trail.exchanges, self._service.target, self._manners)),
            read_back=(),
            differences=(),
            clock=_clock(self._trail, self._clock),
            build="",
            unjudged=(),
        )

    def _read(self, opening: Opening) -> Report:
        """The report with what the service shows of it, and with what cannot be judged."""
        service, plan = self._service, self._plan
        events = _numbered(self._trail)
        books = read_books(service, plan, expected_of(index_history(plan, events)))
        verdict = check(plan, events, books, opening, shared=service.target.other_writers)
        build, unread = _build(service)
        ids = [exchange.end.payment_id for exchange in self._trail.exchanges if exchange.end.payment_id]
        report = msgspec.structs.replace(
            self._sent(),
            read_back=tuple(read_back(books, opening, ids)),
            differences=tuple(item.detail for item in verdict.findings if item.rule is not Rule.REPLAY_CHANGE),
            build=build,
            unjudged=tuple(unjudged(service.target, verdict.measures, self._gates)),
        )
        unread = audit_problem(service, plan, books) or unread
        return _concluded(report, service.target) if unread is None else _ended(report, unread)


def _build(service: Service) -> tuple[str, Problem | None]:
    """The build, "" where none is reported, and why it cannot be read."""
    try:
        return service.build() or "", None
    except Problem as problem:
        return "", problem


def _ended(report: Report, problem: Problem) -> Report:
    outcome: Outcome = "misdescribed" if isinstance(problem, UsageProblem) else "unavailable"
    return msgspec.structs.replace(report, outcome=outcome, problem=problem.message, next_step=problem.next_step)


def _concluded(report: Report, target: Target) -> Report:
    """The report with what was not understood, if anything was not."""
    repeat = next((said for said in report.requests if said.again and not said.same), None)
    refused = next((said for said in report.requests if said.meaning != "acknowledged" and not said.again), None)
    if refused is not None:
        problem = f"{refused.operation} was not acknowledged: {refused.answer}"
        next_step = "see why the service refuses the plainest payment: the rights of the credential, its accounts, its limits"
    elif repeat is not None:
        problem = f"{repeat.operation}, sent again with the same key, got another answer: {repeat.answer}"
        next_step = _of_repeat(repeat, key_member(target))
    elif report.differences:
        problem = f"the answers and the read-back do not agree: {report.differences[0]}"
        next_step = "correct what the target file says of it; if it is right, a load run finds the fault of the service"
    else:
        return report
    return msgspec.structs.replace(report, outcome="unclear", problem=problem, next_step=next_step)


def _of_repeat(repeat: Said, member: str) -> str:
    place = repeat.difference
    if repeat.meaning == "acknowledged" and place and not place.lower().endswith("id"):
        return f"if {place} may differ, add to the target file: replay: {{ignore: [{place}]}}"
    return f"correct {member}; if it is right, the service does not know its keys, and a load run shows that"


def _numbered(trail: Trail) -> list[Event]:
    return [msgspec.structs.replace(event, index=number) for number, event in enumerate(trail.events)]


def _clock(trail: Trail, clock: Clock | None) -> str:
    if clock is None:
        return "not compared: this is a rehearsal"
    dates = [exchange.answer for exchange in trail.exchanges if exchange.answer.date]
    if not dates:
        return "not compared: no answer has a Date"
    skew = skew_of(dates[-1], clock())
    if skew is None:
        return f"not compared: {dates[-1].date!r} is no date"
    far = abs(skew) > MOST
    return f"{abs(round(skew.total_seconds()))} s {'ahead' if skew > dt.timedelta() else 'behind'}" if far else _CLOSE
