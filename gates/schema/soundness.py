"""Can this gate set give NO GO? What types cannot express about gates, refused before anything is judged."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from gates.schema.bounds import bound_faults
from gates.schema.errors import UsageProblem
from gates.schema.gate import Criterion, Gate
from gates.schema.outcome import Operator, Priority
from gates.schema.runbook import RULE, is_link
from gates.schema.source_faults import source_faults
from gates.schema.time import parse_duration_s

DECIMAL = re.compile(r"-?[0-9]{1,100}(\.[0-9]{1,100})?([eE][+-]?[0-9]{1,3})?")
"""A decimal number that every reader holds exactly: Python itself reads no whole number of more than 4,300 digits."""
_IDENTIFIER = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
MOST = 2**53 - 1  # the largest whole number that every JSON reader holds exactly
LONGEST_AGE_S = 366 * 86_400
QUESTIONS = "ABCDEFGHIJ"  # the launch plan's, by letter
_LETTER = re.compile(r"[A-Z]")
_RATIO_OPERATORS = (Operator.GTE, Operator.GT, Operator.LTE, Operator.LT)


def require_sound(gates: Sequence[Gate], reviewed: Mapping[str, object]) -> None:
    """Raise UsageProblem naming every fault of a gate set, or for a review of no target."""
    if not gates:
        raise UsageProblem("the gate set is empty: nothing could fail", next_step="give a folder of GateSet files with --gates")
    found = [*faults(gates), *set_faults(gates)]
    if found:
        raise UsageProblem("; ".join(found), next_step="fix the gate files; `gonogo gate validate` names the file")
    if not reviewed:
        raise UsageProblem("no target is under review", next_step="name one with --target")


def faults(gates: Sequence[Gate]) -> Iterator[str]:
    """Every fault of these gates, each with the path to it; priorities of the whole set are not looked at."""
    yield from _doubled("gate id", [gate.id for gate in gates])
    yield from _doubled("gate letter", [gate.letter for gate in gates if gate.letter is not None])
    for gate in gates:
        yield from _gate_faults(gate)


def set_faults(gates: Sequence[Gate]) -> Iterator[str]:
    """What is wrong with the priorities of a whole set."""
    if not any(gate.priority is Priority.P0 for gate in gates):
        yield (
            "no gate has priority P0: nothing could stop the launch; write `priority: P0` (and no `waivable: true`) at the gate "
            "without which nobody may launch, or add one, such as no-double-settle of the shipped gates `service`"
        )


def _doubled(what: str, values: Sequence[str]) -> Iterator[str]:
    for value in sorted({item for item in values if values.count(item) > 1}):
        yield f"the {what} {value!r} is given {values.count(value)} times"


def _gate_faults(gate: Gate) -> Iterator[str]:
    if not _IDENTIFIER.fullmatch(gate.id):
        yield f"gate {gate.id!r}: an id is lower-case words joined with - or _"
    if gate.letter is not None and not _LETTER.fullmatch(gate.letter):
        yield f"gate {gate.id}: the letter {gate.letter!r} is not one of A to Z"
    for name in ("title", "owner", "question", "runbook"):
        if not getattr(gate, name).strip():
            yield f"gate {gate.id}: {name} is empty"
    if gate.runbook.strip() and not is_link(gate.runbook):
        yield f"gate {gate.id}: runbook {gate.runbook!r}: {RULE}"
    if gate.waivable and gate.priority is Priority.P0:
        yield f"gate {gate.id}: a P0 gate cannot be waivable"
    yield from (f"gate {gate.id}: answers {one!r}, which is not one of {', '.join(QUESTIONS)}" for one in _strange(gate.answers))
    if not gate.criteria:
        yield f"gate {gate.id}: no criteria, so it could never fail"
    yield from (f"gate {gate.id}: {text}" for text in _doubled("criterion id", [item.id for item in gate.criteria]))
    for criterion in gate.criteria:
        yield from (f"gate {gate.id}, criterion {criterion.id}: {text}" for text in _criterion_faults(criterion, gate.priority))


def _strange(answers: Sequence[str]) -> list[str]:
    return [one for one in answers if one not in tuple(QUESTIONS)]


def _criterion_faults(criterion: Criterion, priority: Priority) -> Iterator[str]:
    if not _IDENTIFIER.fullmatch(criterion.id):
        yield "an id is lower-case words joined with - or _"
    yield from source_faults(criterion, priority)
    yield from _count_faults(criterion)
    numbers = [name for name in ("threshold", "upper", "warn_threshold") if getattr(criterion, name) is not None]
    wrong = [name for name in numbers if not DECIMAL.fullmatch(getattr(criterion, name))]
    yield from (f"{name} {getattr(criterion, name)!r} is not a decimal number" for name in wrong)
    if not wrong:
        yield from _range_faults(criterion)
    if criterion.confidence is not None:
        yield from _confidence_faults(criterion, criterion.confidence)
    yield from _age_faults(criterion.max_age)


def _count_faults(criterion: Criterion) -> Iterator[str]:
    if criterion.min_samples < 1:
        yield f"with min_samples {criterion.min_samples} a measure of nothing would pass"
    if criterion.min_samples > MOST:
        yield f"min_samples {criterion.min_samples} is more than {MOST}: nothing could pass"
    for part, least in sorted(criterion.needs.items()):
        if least < 1:
            yield f"needs {part} {least} needs nothing: at least 1"
        if least > MOST:
            yield f"needs {part} {least} is more than {MOST}: nothing could pass"
        if not _IDENTIFIER.fullmatch(part):
            yield f"needs {part!r}: a part is named in lower-case words joined with _"


def _age_faults(max_age: str) -> Iterator[str]:
    try:
        seconds = parse_duration_s(max_age)
    except UsageProblem as problem:
        yield f"max_age {problem.message}"
        return
    if seconds > LONGEST_AGE_S:
        yield f"max_age {max_age} is more than a year (366d): evidence that old does not show this build"
    if seconds == 0:
        yield f"max_age {max_age} is no time at all: the least is 1ms, the most 366d"


def _range_faults(criterion: Criterion) -> Iterator[str]:
    between = criterion.operator is Operator.BETWEEN
    if between != (criterion.upper is not None):
        yield "the operator between needs upper, and no other operator has it"
    elif criterion.upper is not None and Decimal(criterion.upper) < Decimal(criterion.threshold):
        yield f"upper {criterion.upper} is below threshold {criterion.threshold}: nothing could pass"
    else:
        yield from bound_faults(criterion)
    if criterion.warn_threshold is None:
        return
    stricter = _STRICTER.get(criterion.operator)
    if stricter is None:
        yield f"warn_threshold cannot be used with the operator {criterion.operator}"
    elif not stricter(Decimal(criterion.warn_threshold), Decimal(criterion.threshold)):
        yield f"warn_threshold {criterion.warn_threshold} is not stricter than threshold {criterion.threshold}"


def _confidence_faults(criterion: Criterion, confidence: str) -> Iterator[str]:
    if not DECIMAL.fullmatch(confidence) or not Decimal("0.5") <= Decimal(confidence) < 1:
        yield f"confidence {confidence!r} is not a decimal from 0.5 to below 1"
    if criterion.unit != "ratio" or criterion.operator not in _RATIO_OPERATORS:
        yield "confidence is for the unit ratio with lt, lte, gt or gte"
    if criterion.exhaustive:
        yield "exhaustive checks all items, so it cannot have a confidence"


_STRICTER: dict[Operator, Callable[[Decimal, Decimal], bool]] = {
    Operator.LT: lambda warn, threshold: warn < threshold,
    Operator.LTE: lambda warn, threshold: warn < threshold,
    Operator.GT: lambda warn, threshold: warn > threshold,
    Operator.GTE: lambda warn, threshold: warn > threshold,
}
