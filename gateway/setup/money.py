"""An amount for people: a decimal with its currency. Minor units are for JSON alone."""

from decimal import Decimal

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


def shown(minor: str, currency: str) -> str:
    """`10.00 USD`, of 1000 minor units."""
    return f"{Decimal(minor).scaleb(-_DIGITS.get(currency, _USUAL_DIGITS)):f} {currency}"
