"""Query strings: closed and typed like bodies, so that a misspelt `?curser=` is refused, not read as page one for ever."""

from typing import Annotated, Literal
from urllib.parse import parse_qsl

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.api.cursors import CURSOR_PATTERN
from gateway.commands import Id
from gateway.errors import Code, Refusal, Refused
from gateway.routes import LEDGER, LIST_PAYEES, LIST_PAYMENTS, LIST_PAYOUTS, LIST_RECEIPTS, LIST_WALLETS
from gateway.routes.house import FUNNEL

_NEXT = "`next_cursor` of the page before; empty or absent for the first page."
Cursor = Annotated[str, Meta(pattern=rf"{CURSOR_PATTERN}(?!\n)", description=_NEXT)]
Limit = Annotated[int, Meta(ge=1, le=1000, description="How many items at most.")]


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The base of all queries; as it stands, it allows no parameter at all."""


class PaymentsQuery(Query, frozen=True):
    """Which page of payments."""

    cursor: Cursor = ""
    limit: Limit = 100
    state: Annotated[Literal["approval_required"], Meta(description="Only those that wait for approval.")] | UnsetType = UNSET


class PageQuery(Query, frozen=True):
    """Which page of a list."""

    cursor: Cursor = ""
    limit: Limit = 100


class ReceiptsQuery(Query, frozen=True):
    """Which page of receipts, of one payment or of all."""

    payment_id: Id | UnsetType = UNSET
    cursor: Cursor = ""
    limit: Limit = 100


class LedgerQuery(Query, frozen=True):
    """Lines after this sequence number."""

    after: Annotated[int, Meta(ge=0, le=2**63 - 1, description="`seq` of the last line read.")] = 0
    limit: Limit = 1000


QUERIES: dict[str, type[Query]] = {
    LIST_PAYMENTS.kind: PaymentsQuery,
    LIST_PAYOUTS.kind: PageQuery,
    LIST_WALLETS.kind: PageQuery,
    LIST_PAYEES.kind: PageQuery,
    LIST_RECEIPTS.kind: ReceiptsQuery,
    LEDGER.kind: LedgerQuery,
    FUNNEL.kind: LedgerQuery,
}


def read_query(kind: str, raw: bytes) -> Query:
    """The query of a route.

    Raises Refused(invalid_request) naming the parameter.
    """
    query = QUERIES.get(kind, Query)
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, strict_parsing=bool(raw), errors="strict", max_num_fields=20
        )
    except ValueError:
        raise _invalid("the query string is malformed") from None
    values = dict(pairs)
    if len(values) != len(pairs):
        raise _invalid("a query parameter is given more than once")
    try:
        return msgspec.convert(values, query, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(f"query parameter: {str(error).replace('$.', '?')}") from None


def _invalid(detail: str) -> Refused:
    return Refused(Refusal(Code.INVALID_REQUEST, detail))
