"""May we launch? The verdicts on the gates weighed by the rules of the launch plan, with the reasons in sentences."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from gates.schema.outcome import Decision, ExitCode, Outcome, Priority
from gates.schema.verdict import AutomaticNoGo, GateVerdict, Missing, ReviewDecision

GO_RATIO = Fraction(80, 100)
CONDITIONAL_RATIO = Fraction(60, 100)
PASSED = (Outcome.PASS, Outcome.WARN)  # a warning holds its threshold; it makes the review yellow, not red


def weigh(gates: Sequence[GateVerdict]) -> ReviewDecision:
    """GO, CONDITIONAL GO or NO GO.

    GO: every P0 gate passes and 80 % of the P1 gates. CONDITIONAL GO: every P0 gate, 60 % of the P1 gates, and a written,
    owned mitigation in force for each P1 gate that does not pass. NO GO: anything else, and whatever the counts where a
    criterion marked automatic_no_go fails.
    """
    p0, p1 = _of(gates, Priority.P0), _of(gates, Priority.P1)
    automatic, missing = tuple(_automatic(gates)), tuple(_missing(gates))
    decision = _decide(p0, p1, automatic=bool(automatic))
    relevant = [gate.outcome for gate in (*p0, *p1)]
    return ReviewDecision(
        decision=decision,
        reasons=tuple(_reasons(decision, p0, p1, automatic)),
        p0_passed=_passed(p0),
        p0_total=len(p0),
        p1_passed=_passed(p1),
        p1_total=len(p1),
        p1_ratio=f"{Decimal(_passed(p1) * 100 // len(p1)).scaleb(-2):.2f}" if p1 else None,
        automatic_no_go=automatic,
        missing=missing,
        yellow=decision is not Decision.NO_GO and any(outcome is not Outcome.PASS for outcome in relevant),
        exit_code=_exit_code(decision, p0, p1, automatic=bool(automatic)),
    )


def exit_code(decision: ReviewDecision, *, fail_on_yellow: bool = False) -> ExitCode:
    """The code to end with: the decision's own, or 4 for a yellow one with `--fail-on yellow`."""
    return ExitCode.YELLOW if decision.yellow and fail_on_yellow else ExitCode(decision.exit_code)


def _of(gates: Sequence[GateVerdict], priority: Priority) -> list[GateVerdict]:
    return [gate for gate in gates if gate.priority is priority]


def _passed(gates: Sequence[GateVerdict]) -> int:
    return sum(gate.outcome in PASSED for gate in gates)


def _not_passed(gates: Sequence[GateVerdict]) -> list[GateVerdict]:
    return [gate for gate in gates if gate.outcome not in PASSED]


def _decide(p0: Sequence[GateVerdict], p1: Sequence[GateVerdict], *, automatic: bool) -> Decision:
    if automatic or not p0 or _not_passed(p0):
        return Decision.NO_GO
    if not p1 or Fraction(_passed(p1), len(p1)) >= GO_RATIO:
        return Decision.GO
    if Fraction(_passed(p1), len(p1)) >= CONDITIONAL_RATIO and not _unmitigated(p1):
        return Decision.CONDITIONAL_GO
    return Decision.NO_GO


def _unmitigated(p1: Sequence[GateVerdict]) -> list[GateVerdict]:
    return [gate for gate in _not_passed(p1) if not (gate.waived and gate.mitigation)]


def _exit_code(decision: Decision, p0: Sequence[GateVerdict], p1: Sequence[GateVerdict], *, automatic: bool) -> Literal[0, 1, 3]:
    if decision is not Decision.NO_GO:
        return 0
    if automatic or any(gate.outcome is Outcome.FAIL for gate in p0):
        return 1
    unknown = any(gate.outcome is Outcome.UNKNOWN for gate in (*p0, *p1))
    return 3 if unknown or not p0 else 1


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
                by = criterion.source.produced_by
                yield Missing(gate.id, gate.priority, criterion.id, criterion.title, item.unknown, item.detail, by)


def _reasons(
    decision: Decision, p0: Sequence[GateVerdict], p1: Sequence[GateVerdict], automatic: Sequence[AutomaticNoGo]
) -> Iterator[str]:
    for item in automatic:
        yield f"Automatic NO GO, whatever the counts: {item.title} ({item.gate}): {item.detail}."
    yield f"{_tally(p0, Priority.P0)}."
    if not p1:
        yield "There are no P1 gates."
        return
    yield f"{_tally(p1, Priority.P1)}; GO needs 80 %, CONDITIONAL GO 60 %."
    enough = Fraction(_passed(p1), len(p1)) >= CONDITIONAL_RATIO
    if decision is Decision.CONDITIONAL_GO:
        yield f"Each of {_names(_not_passed(p1))} has a written, owned mitigation."
    elif decision is Decision.NO_GO and not _not_passed(p0) and enough and _unmitigated(p1):
        yield f"No written, owned mitigation is in force for {_names(_unmitigated(p1))}."


def _tally(gates: Sequence[GateVerdict], priority: Priority) -> str:
    text = f"{_passed(gates)} of {len(gates)} {priority} gates pass"
    groups = (("with warnings", Outcome.WARN), ("failing", Outcome.FAIL), ("not judged", Outcome.UNKNOWN))
    for label, outcome in groups:
        some = [gate for gate in gates if gate.outcome is outcome]
        text += f"; {label}: {_names(some)}" if some else ""
    return text


def _names(gates: Sequence[GateVerdict]) -> str:
    return ", ".join(f"{gate.letter} {gate.id}" for gate in gates)
