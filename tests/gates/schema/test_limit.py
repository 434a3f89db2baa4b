"""One comparison for every limit: each operator on both sides of it, and on it."""

from fractions import Fraction

import pytest

from gates.schema.gate import Criterion, EvidenceSource
from gates.schema.limit import holds
from gates.schema.outcome import Operator

ROWS = {
    Operator.LT: (True, False, False),
    Operator.LTE: (True, True, False),
    Operator.GT: (False, False, True),
    Operator.GTE: (False, True, True),
    Operator.EQ: (False, True, False),
}


def _criterion(operator, threshold="0.3", upper=None):
    return Criterion("c", "c", EvidenceSource("urn:gonogo:evidence:crash-drill:v2", "rto_s"), "s", operator, threshold, upper)


@pytest.mark.parametrize("operator", ROWS, ids=[operator.value for operator in ROWS])
def test_an_operator_holds_below_on_and_above_its_threshold_as_it_says(operator):
    """A third of a whole is above 0.3 by a hair, and 0.1 + 0.2 is exactly on it."""
    values = (Fraction("0.2999"), Fraction("0.1") + Fraction("0.2"), Fraction(1, 3))
    assert tuple(holds(value, _criterion(operator)) for value in values) == ROWS[operator]


def test_between_includes_both_ends():
    """One step outside of either does not hold."""
    found = [holds(Fraction(text), _criterion(Operator.BETWEEN, "1", "2")) for text in ("0.999", "1", "2", "2.001")]
    assert found == [False, True, True, False]


def test_another_threshold_takes_the_place_of_the_criterions_own():
    """A warning has its own threshold with the criterion's operator."""
    criterion = _criterion(Operator.LT)
    assert [holds(Fraction("0.25"), criterion), holds(Fraction("0.25"), criterion, "0.2")] == [True, False]
