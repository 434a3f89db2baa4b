"""Does this number meet this criterion? The fail-closed table: what cannot be judged is unknown, never a pass."""

from decimal import Decimal

import msgspec

from gates.confidence import samples_needed, shows
from gates.evidence.statement import Measure
from gates.reading import COUNT, RATIO, Reading, counts_bad_things
from gates.schema.gate import Criterion
from gates.schema.limit import holds
from gates.schema.outcome import Operator, Outcome, UnknownReason
from gates.selection import Refusal

OPERATOR_WORDS = {
    Operator.LT: "less than",
    Operator.LTE: "at most",
    Operator.GT: "more than",
    Operator.GTE: "at least",
    Operator.EQ: "exactly",
    Operator.BETWEEN: "between",
}


class Ruling(msgspec.Struct, frozen=True):
    """An outcome, its reason if it is unknown, and both as text."""

    outcome: Outcome
    detail: str
    unknown: UnknownReason | None = None


def refused(criterion: Criterion, refusal: Refusal) -> Ruling:
    """The ruling without a number: unknown, or fail for a criterion with `on_no_data: fail`."""
    if refusal.reason is UnknownReason.MISSING and criterion.on_no_data == "fail":
        return Ruling(Outcome.FAIL, f"{refusal.detail}, and this criterion fails without data")
    return Ruling(Outcome.UNKNOWN, refusal.detail, refusal.reason)


def rule(criterion: Criterion, measure: Measure, reading: Reading) -> Ruling:  # noqa: PLR0911  # one return a row of the table
    """The table, top down: a bad thing found, too few samples, threshold not met, a part too small, something skipped, unsure."""
    meets = holds(reading.exact, criterion)
    shown = _text(criterion, measure, reading, meets)
    if not meets and counts_bad_things(criterion):
        return Ruling(Outcome.FAIL, shown)
    if measure.samples < criterion.min_samples:
        few = f"{measure.samples} {'sample' if measure.samples == 1 else 'samples'}, {criterion.min_samples} are needed"
        return Ruling(Outcome.UNKNOWN, f"{few}; {shown}", UnknownReason.TOO_FEW_SAMPLES)
    if not meets:
        return Ruling(Outcome.FAIL, shown)
    short = _short_of(criterion, measure)
    if short:
        return Ruling(Outcome.UNKNOWN, f"{short}; {shown}", UnknownReason.TOO_FEW_SAMPLES)
    if measure.skipped and reading.good is None:
        return Ruling(Outcome.UNKNOWN, f"{measure.skipped} were skipped, not checked; {shown}", UnknownReason.NOT_RUN)
    if not _sure(criterion, reading):
        return Ruling(Outcome.UNKNOWN, _unsure(criterion, reading, shown), UnknownReason.TOO_FEW_SAMPLES)
    if criterion.warn_threshold is not None and not holds(reading.exact, criterion, criterion.warn_threshold):
        return Ruling(Outcome.WARN, f"{shown}; warning threshold {limit(criterion, criterion.warn_threshold)}")
    return Ruling(Outcome.PASS, shown)


def _short_of(criterion: Criterion, measure: Measure) -> str:
    """The first part of the measure of which there was too little; "" if there was enough of each."""
    for part, least in sorted(criterion.needs.items()):
        if measure.made_of.get(part, 0) < least:
            return f"{measure.made_of.get(part, 0)} {part.replace('_', ' ')}, {least} are needed"
    return ""


def _sure(criterion: Criterion, reading: Reading) -> bool:
    if criterion.confidence is None:
        return True
    assert reading.good is not None, "a reading with a confidence has counts"
    strictly = criterion.operator in (Operator.GT, Operator.LT)
    level = Decimal(criterion.confidence)
    return shows(reading.good, reading.total, _good_ratio(criterion), level, strictly=strictly)


def _good_ratio(criterion: Criterion) -> Decimal:
    """The ratio of good ones that the threshold requires, whether it limits the good or the bad."""
    higher = criterion.operator in (Operator.GTE, Operator.GT)
    return Decimal(criterion.threshold) if higher else 1 - Decimal(criterion.threshold)


def _unsure(criterion: Criterion, reading: Reading, shown: str) -> str:
    ratio = _good_ratio(criterion)
    text = f"{shown}, but the samples are too few to be sure: {reading.bound_text}"
    if not 0 < ratio < 1:
        return text
    needed = samples_needed(ratio, Decimal(criterion.confidence or "0.95"))
    return f"{text}; {needed} samples without a failure are enough"


def _text(criterion: Criterion, measure: Measure, reading: Reading, meets: bool) -> str:
    text = f"{with_unit(reading.value, criterion.unit)}, threshold {limit(criterion, criterion.threshold)}"
    text += f", {reading.note}" if reading.note else ""
    return f"{text}: {measure.detail}" if measure.detail and not meets else text


def limit(criterion: Criterion, threshold: str) -> str:
    """A threshold of the criterion in words: `at most 300 ms`."""
    upper = f" and {criterion.upper}" if criterion.upper is not None else ""
    return f"{OPERATOR_WORDS[criterion.operator]} {with_unit(threshold + upper, criterion.unit)}"


def with_unit(number: str, unit: str) -> str:
    """A number with its unit; counts and ratios are bare numbers."""
    return number if unit in (COUNT, RATIO) else f"{number} {unit}"
