"""Does a number meet a criterion's limit? The one comparison of the toolkit, exact for every decimal and every ratio. Pure."""

from fractions import Fraction

from gates.schema.gate import Criterion
from gates.schema.outcome import Operator


def holds(value: Fraction, criterion: Criterion, threshold: str | None = None) -> bool:
    """Whether the value meets the criterion's threshold, or another one in its place, such as that of its warning."""
    limit = Fraction(criterion.threshold if threshold is None else threshold)
    match criterion.operator:
        case Operator.LT:
            return value < limit
        case Operator.LTE:
            return value <= limit
        case Operator.GT:
            return value > limit
        case Operator.GTE:
            return value >= limit
        case Operator.EQ:
            return value == limit
        case Operator.BETWEEN:
            assert criterion.upper is not None, "gates.schema.soundness refuses between without upper"
            return limit <= value <= Fraction(criterion.upper)
