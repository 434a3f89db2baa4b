"""Which text may be sent as a header's value, and what does a text look like without the credentials in it?"""

import base64
import binascii
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

import msgspec

REDACTED = "[redacted]"
_IN_URL = re.compile(r"(//)[^/\s@\"'<>]*:[^/\s@\"'<>]*@")
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


def secret_parts(header: str) -> tuple[str, ...]:
    """What is secret in the value of a header: all of it, what follows the scheme, and what the base64 of Basic hides.

    Of Basic that is user and password together and the password, or the user where there is no password.
    """
    whole = header.strip()
    scheme, _, rest = whole.partition(" ")
    rest = rest.strip()
    parts = [whole, rest or whole, whole.rpartition(" ")[2]]
    if scheme.lower() == "basic":
        try:
            plain = base64.b64decode(rest, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            plain = ""
        user, _, password = plain.partition(":")
        parts += [plain, password or user]
    return tuple(dict.fromkeys(part for part in parts if part))


def redact(text: str, headers: Iterable[str]) -> str:
    """The text without these headers' values, in each form in which a message or a document quotes them.

    A user name and a password in a URL are taken out too, whoever's they are.
    """
    parts = {part for value in headers for part in secret_parts(value) if len(part) >= _SHORTEST}
    for form in sorted({form for part in parts for form in _quoted(part)}, key=len, reverse=True):
        text = text.replace(form, REDACTED)
    return _IN_URL.sub(rf"\1{REDACTED}@", text)


def _quoted(text: str) -> tuple[str, ...]:
    return text, msgspec.json.encode(text).decode()[1:-1], repr(text)[1:-1], quote(text, safe=""), quote_plus(text)
