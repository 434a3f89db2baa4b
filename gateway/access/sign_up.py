"""May this person make a tenant? Mode and standing decide, as rows. Pure."""

from enum import StrEnum

from gateway.commands.house import SignUpMode


class Standing(StrEnum):
    """Where a person stands: admitted by the house, with an address of a claimed domain, or neither."""

    ADMITTED = "admitted"
    CLAIMED = "claimed"
    OTHER = "other"


class Admission(StrEnum):
    """What comes of it: a tenant, a place on the waiting list, or nothing."""

    MAKES = "makes"
    WAITS = "waits"
    CLOSED = "closed"


_M, _S, _A = SignUpMode, Standing, Admission

ADMISSIONS: dict[tuple[SignUpMode, Standing], Admission] = {
    (_M.PUBLIC_SIGNUP, _S.ADMITTED): _A.MAKES,
    (_M.PUBLIC_SIGNUP, _S.CLAIMED): _A.CLOSED,
    (_M.PUBLIC_SIGNUP, _S.OTHER): _A.MAKES,
    (_M.HYBRID, _S.ADMITTED): _A.MAKES,
    (_M.HYBRID, _S.CLAIMED): _A.CLOSED,
    (_M.HYBRID, _S.OTHER): _A.WAITS,
    **{(mode, standing): _A.CLOSED for mode in (_M.MANAGED, _M.CLOSED) for standing in _S},
}
"""A claimed domain is managed: its people get the tenant of their organisation from the house, and make none of their own."""


def standing_of(*, admitted: bool, claimed: bool) -> Standing:
    """A person's standing: what the house said of the person comes before what it said of the domain."""
    if admitted:
        return Standing.ADMITTED
    return Standing.CLAIMED if claimed else Standing.OTHER


def house_may_make_tenants(mode: SignUpMode) -> bool:
    """Whether a bootstrap key may come with a new tenant: in each mode but `closed`, which stops the house too."""
    return mode is not SignUpMode.CLOSED


def domain_of(address: str) -> str:
    """The part after the at sign; only the very domain counts, not those below it."""
    return address.rpartition("@")[2].lower()
