"""Cursors: where a page of a list ended, as a token that only the same list takes back.

The token is opaque to callers, so its content may change; garbage, a cursor cut short and a cursor of another list or of another
filter are refused, instead of being read as some position by chance. It guards against mistakes, not against forgery: a
position gives nobody anything that the list would not.
"""

import base64
import binascii
import hashlib
import re
from typing import Final

from gateway.errors import Code, Refusal, Refused

CURSOR_PATTERN: Final = r"^[A-Za-z0-9_-]{0,160}$"
_MARK = 6


def seal(position: str | None, *listing: str) -> str | None:
    """The cursor for a position in a listing (its name and its filters); None where the listing ends."""
    if position is None:
        return None
    data = position.encode()
    return base64.urlsafe_b64encode(_mark(data, listing) + data).rstrip(b"=").decode()


def unseal(cursor: str, *listing: str, form: str = ".*") -> str | None:
    """The position in a cursor; None for the empty one, which is the first page. `form` is the pattern of a position.

    Raises Refused(invalid_request) for anything that `seal` did not make for this listing, and for what is no position: the
    mark keeps mistakes out, not people who know how it is made.
    """
    if not cursor:
        return None
    try:
        whole = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        position = whole[_MARK:].decode()
    except (binascii.Error, UnicodeDecodeError):
        raise _foreign() from None
    if (
        whole[:_MARK] != _mark(whole[_MARK:], listing)
        or seal(position, *listing) != cursor
        or not re.fullmatch(form, position, re.DOTALL)
    ):
        raise _foreign()
    return position


def _mark(data: bytes, listing: tuple[str, ...]) -> bytes:
    return hashlib.sha256(b"\x1f".join((*(part.encode() for part in listing), data))).digest()[:_MARK]


def _foreign() -> Refused:
    return Refused(Refusal(Code.INVALID_REQUEST, "query parameter: ?cursor is not the `next_cursor` of a page of this list"))
