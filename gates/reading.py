"""Which number does a criterion judge? The worst that the measure's value and counts allow, with its confidence bound."""

from decimal import Decimal
from fractions import Fraction

import msgspec

from gates.confidence import lower_bound, percent, plain, round_down, round_up, rule_of_three
from gates.evidence.statement import Measure
from gates.schema.bounds import outside
from gates.schema.gate import Criterion
from gates.schema.outcome import Operator, UnknownReason
from gates.schema.soundness import DECIMAL
from gates.selection import Refusal

RATIO = "ratio"
COUNT = "count"
_HIGHER_IS_BETTER = (Operator.GTE, Operator.GT)
_LOWER_IS_BETTER = (Operator.LTE, Operator.LT)
_USUAL_CONFIDENCE = "0.95"


class Reading(msgspec.Struct, frozen=True):
    """The number to judge, exactly and as text; `good` of `total` where it comes from counts; the bound, where there is one."""

    exact: Fraction
    value: str
    good: int | None = None
    total: int = 0
    bound: str | None = None
    bound_text: str = ""
    note: str = ""


def read(criterion: Criterion, measure: Measure) -> Reading | Refusal:
    """The reading of a measure, or why there is none: no finite decimal (missing), or an impossible one (adapter_error)."""
    if measure.value is None or not DECIMAL.fullmatch(measure.value):
        return Refusal(UnknownReason.MISSING, f"the value {measure.value!r} is not a finite decimal number")
    stated = Fraction(measure.value)
    impossible = _impossible(measure, stated) or _outside(criterion, measure, stated)
    if impossible:
        return Refusal(UnknownReason.ADAPTER_ERROR, impossible)
    total = measure.samples + measure.skipped
    if measure.unit == RATIO and measure.failures is not None and total and criterion.operator in _DIRECTED:
        return _counted(criterion, measure, stated, total)
    if criterion.confidence is not None and measure.failures is None:
        return Refusal(UnknownReason.MISSING, "the measure counts no failures, so no confidence bound can be stated")
    if measure.unit == COUNT and stated == 0 and measure.samples and criterion.operator not in _HIGHER_IS_BETTER:
        return _none_seen(criterion, measure, stated)
    return Reading(stated, measure.value)


def counts_bad_things(criterion: Criterion) -> bool:
    """Whether one more is one too many: a count with an upper limit. What it found is a fact, however few the samples."""
    limited = criterion.operator in _LOWER_IS_BETTER or (criterion.operator is Operator.EQ and Decimal(criterion.threshold) == 0)
    return criterion.unit == COUNT and limited


def _impossible(measure: Measure, stated: Fraction) -> str:
    if measure.samples < 0 or measure.skipped < 0:
        return f"{measure.samples} samples and {measure.skipped} skipped cannot be"
    if measure.unit == COUNT and (stated < 0 or stated.denominator != 1):
        return f"{measure.value} is not a possible count"
    if measure.failures is None:
        return ""
    if not 0 <= measure.failures <= measure.samples:
        return f"{measure.failures} failures of {measure.samples} samples cannot be"
    if measure.unit == RATIO and not 0 <= stated <= 1:
        return f"{measure.value} is not a possible ratio of counts"
    return ""


def _outside(criterion: Criterion, measure: Measure, stated: Fraction) -> str:
    """A value that its unit cannot have, such as -1 for "no data" or 99.2 as a ratio; too much fails an upper limit by itself."""
    values = outside(measure.unit, stated, above=criterion.operator in _HIGHER_IS_BETTER)
    return f"{measure.value} {measure.unit} cannot be: {values}" if values else ""


def _none_seen(criterion: Criterion, measure: Measure, stated: Fraction) -> Reading:
    """Nothing bad found: in all items, or in a sample, and then with the bound that the sample allows."""
    value = str(measure.value)
    if criterion.exhaustive:
        return Reading(stated, value, bound_text=f"none in all {measure.samples}")
    most = rule_of_three(measure.samples)
    text = f"none in {measure.samples}: at most {percent(most, up=True)} with 95 % confidence (3/N)"
    return Reading(stated, value, bound=plain(most), bound_text=text)


def _counted(criterion: Criterion, measure: Measure, stated: Fraction, total: int) -> Reading:
    """A ratio from its counts, what was skipped counting against it; the stated value only where that is worse still."""
    good = measure.samples - (measure.failures or 0)
    level = Decimal(criterion.confidence or _USUAL_CONFIDENCE)
    sure = lower_bound(good, total, level)
    how = f"with {plain(level * 100)} % confidence (Clopper-Pearson, {total - good} of {total} not good)"
    note = f"{measure.skipped} skipped count against it" if measure.skipped else ""
    if criterion.operator in _HIGHER_IS_BETTER:
        counted = Fraction(good, total)
        exact, value = (counted, plain(round_down(counted))) if counted < stated else (stated, str(measure.value))
        return Reading(exact, value, good, total, plain(sure), f"at least {percent(sure)} {how}", note)
    counted, most = Fraction(total - good, total), 1 - sure
    exact, value = (counted, plain(round_up(counted))) if counted > stated else (stated, str(measure.value))
    return Reading(exact, value, good, total, plain(most), f"at most {percent(most, up=True)} {how}", note)


_DIRECTED = (*_HIGHER_IS_BETTER, *_LOWER_IS_BETTER)
