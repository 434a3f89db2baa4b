"""What is hashed and signed holds no number that another JSON reader would read as a different one."""

import pytest

from gates.schema.canonical import canonical_json
from gates.schema.errors import UsageProblem


@pytest.mark.parametrize("number", [2**53, -(2**53), 10**30])
def test_a_number_beyond_the_exact_ones_is_a_mistake_of_its_document(number):
    """Exit 2 with what to write, not a defect."""
    with pytest.raises(UsageProblem, match="exceeds safe integer domain"):
        canonical_json({"amount": [number]})
