"""Amounts of money in the form of a service: exact in every form, read back as they were written, and never a float."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.schema.amounts import minor_digits, read_amount, write_amount

FORMS = ("string", "integer", "decimal", "decimal_number")


@pytest.mark.parametrize(
    ("form", "digits", "written"),
    [
        ("string", 2, "1234"),
        ("integer", 2, 1234),
        ("decimal", 2, "12.34"),
        ("decimal_number", 2, Decimal("12.34")),
        ("decimal", 0, "1234"),
        ("decimal", 3, "1.234"),
        ("decimal", 5, "0.01234"),
    ],
)
def test_an_amount_is_written_in_each_form(form, digits, written):
    """Minor units or a decimal with all digits of the minor unit, as a text or as a number."""
    found = write_amount("1234", form, digits)
    assert (found, type(found)) == (written, type(written))


@given(minor=st.integers(0, 10**18), form=st.sampled_from(FORMS), digits=st.integers(0, 4))
def test_what_is_written_is_read_back(minor, form, digits):
    """For every amount, form and currency."""
    assert read_amount(write_amount(str(minor), form, digits), form, digits) == minor


@pytest.mark.parametrize("value", [12.34, True, None, "", "12,34", "1e3", "NaN", Decimal("NaN"), " 1", "12.345", ["1"]])
def test_what_is_no_exact_amount_is_none(value):
    """A float, another notation, or more digits than the currency has."""
    assert read_amount(value, "decimal", 2) is None


@pytest.mark.parametrize(
    ("value", "minor"), [("12.34", 1234), ("12.3", 1230), (12, 1200), (Decimal("0.10"), 10), ("-1.00", -100)]
)
def test_a_decimal_is_read_as_text_or_number(value, minor):
    """With fewer digits too, as JSON libraries write them."""
    assert read_amount(value, "decimal", 2) == minor


@pytest.mark.parametrize(("currency", "digits"), [("USD", 2), ("JPY", 0), ("jpy", 0), ("KWD", 3), ("CLF", 4), ("XYZ", 2)])
def test_a_currency_has_the_digits_of_iso_4217(currency, digits):
    """Two, where the standard gives no other number."""
    assert minor_digits(currency) == digits
