"""An amount of money as a service writes it: minor units or a decimal, as a text or as a number; never a float."""

import re
from decimal import Decimal
from typing import Literal

AmountFormat = Literal["string", "integer", "decimal", "decimal_number"]
"""Of 1234 minor units with two digits: "1234", 1234, "12.34", 12.34. The last is written from an exact decimal."""

_USUAL_DIGITS = 2
_DIGITS = {
    code: digits
    for digits, codes in (
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    )
    for code in codes.split()
}
"""Digits of the minor unit of each currency that has not two (ISO 4217, list one)."""

_MINOR = re.compile(r"[0-9]+")
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def minor_digits(currency: str) -> int:
    """How many digits the minor unit of a currency has: two, where ISO 4217 gives no other number."""
    return _DIGITS.get(currency.upper(), _USUAL_DIGITS)


def write_amount(minor: str, form: AmountFormat, digits: int) -> str | int | Decimal:
    """An amount in minor units, in the service's form; what is not a whole number of minor units is returned as it is."""
    if not _MINOR.fullmatch(minor) or form == "string":
        return minor
    if form == "integer":
        return int(minor)
    value = Decimal(minor).scaleb(-digits)
    return f"{value:f}" if form == "decimal" else value


def read_amount(value: object, form: AmountFormat, digits: int) -> int | None:
    """The minor units of an amount in an answer, None for anything that is no exact amount; a float is none.

    Texts and numbers are read alike; a JSON number with a fraction has to be decoded as Decimal.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal) or not _DECIMAL.fullmatch(str(value)):
        return None
    scaled = Decimal(str(value)).scaleb(digits if form in ("decimal", "decimal_number") else 0)
    return int(scaled) if scaled == scaled.to_integral_value() else None
