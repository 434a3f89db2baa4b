"""Which text may be sent as a header's value, and what does a text look like without the credentials in it?"""

from collections.abc import Iterable
from urllib.parse import quote, quote_plus

import msgspec

REDACTED = "[redacted]"
_SHORTEST = 4  # to take out a text of one or two letters would leave nothing readable


def header_fault(value: str) -> str:
    """Why a text cannot be sent as a header's value, "" where it can: never the text itself."""
    if not value:
        return "is empty"
    if any(ord(letter) < 0x20 or ord(letter) == 0x7F for letter in value):
        return "holds a control character, such as a line end or a tab"
    if not value.isascii():
        return "holds a character that is not ASCII"
    return "begins or ends with a space" if value != value.strip() else ""


def secret_parts(authorization: str) -> tuple[str, ...]:
    """What is secret in an Authorization header: all of it, and what follows the scheme."""
    whole = authorization.strip()
    return tuple(dict.fromkeys((whole, whole.partition(" ")[2].strip() or whole, whole.rpartition(" ")[2])))


def redact(text: str, authorizations: Iterable[str]) -> str:
    """The text without these headers' values, in each form in which a message or a document quotes them."""
    parts = {part for value in authorizations for part in secret_parts(value) if len(part) >= _SHORTEST}
    for form in sorted({form for part in parts for form in _quoted(part)}, key=len, reverse=True):
        text = text.replace(form, REDACTED)
    return text


def _quoted(text: str) -> tuple[str, ...]:
    return text, msgspec.json.encode(text).decode()[1:-1], repr(text)[1:-1], quote(text, safe=""), quote_plus(text)
