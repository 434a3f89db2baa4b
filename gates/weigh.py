"""May we launch? The verdicts on the gates weighed by the rules of the launch plan, with the reasons in sentences."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec

from gates.collecting import command_of
from gates.schema.gate import full_label
from gates.schema.outcome import Decision, ExitCode, Outcome, Priority, ending
from gates.schema.verdict import AutomaticNoGo, GateVerdict, LastWeek, Missing, P1Share, ReviewDecision
from gates.share import counted, deciding_ratio, last_weeks_share, not_passed, passed, share_text

GO_RATIO = Fraction(80, 100)
CONDITIONAL_RATIO = Fraction(60, 100)


class _Scales(msgspec.Struct, frozen=True):
    """What is weighed: the gates by priority, and what may forbid a launch whatever their counts are."""

    p0: list[GateVerdict]
    p1: list[GateVerdict]
    open: tuple[str, ...]
    last: P1Share | None
    ratio: Fraction | None
    unmitigated: tuple[str, ...]
    automatic: tuple[AutomaticNoGo, ...]
    blocked_by: tuple[str, ...]


def weigh(
    gates: Sequence[GateVerdict],
    last_week: LastWeek | None = None,
    blocked_by: Sequence[str] = (),
    hidden: Sequence[AutomaticNoGo] = (),
) -> ReviewDecision:
    """GO, CONDITIONAL GO or NO GO.

    GO: every P0 gate passes and 80 % of the P1 gates. CONDITIONAL GO: every P0 gate, 60 % of the P1 gates, and a written,
    owned mitigation in force for each P1 gate that does not pass. NO GO: anything else, and whatever the counts where a
    criterion marked automatic_no_go fails, or failed in a run that is `hidden` by now, or something is in `blocked_by`. The
    share of P1 gates is the lower of those of this week's gates and of last week's; a P1 gate of last week that is gone does not
    pass and has no mitigation.
    """
    last = last_weeks_share(gates, last_week)
    p1, shared = _of(gates, Priority.P1), counted(gates, last_week)
    scales = _Scales(
        p0=_of(gates, Priority.P0),
        p1=p1,
        open=tuple(_name(gate) for gate in not_passed(shared)),
        last=last,
        ratio=deciding_ratio(p1, last),
        unmitigated=_unmitigated(shared, last),
        automatic=(*_automatic(gates), *hidden),
        blocked_by=tuple(blocked_by),
    )
    decision = _decide(scales)
    return ReviewDecision(
        decision=decision,
        reasons=tuple(_reasons(decision, scales)),
        p0_passed=passed(scales.p0),
        p0_total=len(scales.p0),
        p1_passed=passed(p1),
        p1_total=len(p1),
        p1_ratio=None if scales.ratio is None else f"{Decimal(int(scales.ratio * 100)).scaleb(-2):.2f}",
        p1_last_week=last,
        blocked_by=scales.blocked_by,
        automatic_no_go=scales.automatic,
        missing=tuple(_missing(gates)),
        yellow=decision is not Decision.NO_GO and any(gate.outcome is not Outcome.PASS for gate in (*scales.p0, *p1)),
        exit_code=_exit_code(decision, scales),
    )


def exit_code(decision: ReviewDecision, *, fail_on: str | None = None, accept: str | None = None) -> ExitCode:
    """The code to end with: what `--fail-on` and `--accept` make of the decision's own."""
    return ending(ExitCode(decision.exit_code), yellow=decision.yellow, fail_on=fail_on, accept=accept)


def _of(gates: Sequence[GateVerdict], priority: Priority) -> list[GateVerdict]:
    return [gate for gate in gates if gate.priority is priority]


def _decide(scales: _Scales) -> Decision:
    if scales.automatic or scales.blocked_by or not scales.p0 or not_passed(scales.p0):
        return Decision.NO_GO
    if scales.ratio is None or scales.ratio >= GO_RATIO:
        return Decision.GO
    if scales.ratio >= CONDITIONAL_RATIO and not scales.unmitigated:
        return Decision.CONDITIONAL_GO
    return Decision.NO_GO


def _unmitigated(gates: Sequence[GateVerdict], last: P1Share | None) -> tuple[str, ...]:
    """The names of those that do not pass and have no mitigation in force; nobody can have one for a gate that is gone."""
    without = [gate for gate in not_passed(gates) if not (gate.waived and gate.mitigation)]
    return (*(_name(gate) for gate in without), *(last.gone if last else ()))


def _exit_code(decision: Decision, scales: _Scales) -> Literal[0, 1, 3, 9]:
    """3 says that nothing failed: neither a P0 nor a P1 gate, nor a criterion that stops a launch alone."""
    if decision is Decision.GO:
        return 0
    if decision is Decision.CONDITIONAL_GO:
        return 9
    failed = any(gate.outcome is Outcome.FAIL for gate in (*scales.p0, *scales.p1))
    return 1 if failed or scales.automatic else 3


def _automatic(gates: Sequence[GateVerdict]) -> Iterator[AutomaticNoGo]:
    for gate in gates:
        for item in gate.criteria:
            if item.criterion.automatic_no_go and item.outcome is Outcome.FAIL:
                yield AutomaticNoGo(gate.id, item.criterion.id, item.criterion.title, item.detail)


def _missing(gates: Sequence[GateVerdict]) -> Iterator[Missing]:
    for gate in gates:
        for item in gate.criteria:
            if item.unknown is not None:
                criterion = item.criterion
                command = command_of(item)
                yield Missing(gate.id, gate.priority, criterion.id, criterion.title, item.unknown, item.detail, command)


def _reasons(decision: Decision, scales: _Scales) -> Iterator[str]:
    for item in scales.automatic:
        yield f"Automatic NO GO, whatever the counts: {item.title} ({item.gate}): {item.detail}."
    yield from (f"NO GO, whatever the counts: {reason}." for reason in scales.blocked_by)
    p0, p1 = scales.p0, scales.p1
    yield f"{_tally(p0, Priority.P0)}."
    yield f"{_tally(p1, Priority.P1)}; GO needs 80 %, CONDITIONAL GO 60 %." if p1 else "There are no P1 gates."
    if text := share_text(p1, scales.last):
        yield text
    if decision is Decision.CONDITIONAL_GO:
        each = "Each of " if len(scales.open) > 1 else ""
        yield f"{each}{', '.join(scales.open)} has a written, owned mitigation."
    elif decision is Decision.NO_GO and not not_passed(p0) and _conditional(scales) and scales.unmitigated:
        yield f"No written, owned mitigation is in force for {', '.join(scales.unmitigated)}."


def _conditional(scales: _Scales) -> bool:
    return scales.ratio is not None and CONDITIONAL_RATIO <= scales.ratio < GO_RATIO


def _tally(gates: Sequence[GateVerdict], priority: Priority) -> str:
    text = f"{passed(gates)} of {len(gates)} {priority} gates pass"
    groups = (("with warnings", Outcome.WARN), ("failing", Outcome.FAIL), ("not judged", Outcome.UNKNOWN))
    for label, outcome in groups:
        some = [_name(gate) for gate in gates if gate.outcome is outcome]
        text += f"; {label}: {', '.join(some)}" if some else ""
    return text


def _name(gate: GateVerdict) -> str:
    return full_label(gate.letter, gate.id)
