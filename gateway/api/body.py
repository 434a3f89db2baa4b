"""The body: bounded while it arrives, decoded once into its command, refused with the field's path."""

import re
from collections.abc import Iterator
from typing import Generic, TypeVar, get_args, get_origin

import msgspec
from litestar.types import Receive
from msgspec import UNSET
from msgspec.structs import astuple

from gateway.api.headers import Headers
from gateway.commands import Amount, Command
from gateway.errors import Code, Refusal, Refused

C = TypeVar("C", bound=Command)

# Possessive, and a number begins where no other one goes on: each byte of a body is read once, whatever it holds.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"(\s*:)?', re.DOTALL)
_WHOLE = re.compile(rb'"(?:[^"\\]|\\.?)*+(?:"|\Z)|(?<![0-9.eE+-])(-?[0-9]++)\.0++(?![0-9.eE])', re.DOTALL)
_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>\$[^`]*)`)?$", re.DOTALL)
_ITEM = re.compile(r"\[[0-9]+\]")
_NAMED = re.compile(r"field `(?P<name>[^`]*)`")


async def read_body(headers: Headers, receive: Receive, limit: int) -> bytes | None:
    """The whole body, or None if the caller hung up. Nothing beyond `limit` bytes is ever kept.

    Raises Refused(payload_too_large) from the announced length, or as soon as more than that has arrived.
    """
    check_announced(headers, limit)
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        assert message["type"] == "http.request"
        chunk = message.get("body", b"")
        if len(body) + len(chunk) > limit:
            raise too_large(limit)
        body = body + chunk if body else chunk
        if not message.get("more_body", False):
            return body


def check_announced(headers: Headers, limit: int) -> None:
    """Refuse a body that says itself that it is too large; raises Refused(payload_too_large)."""
    announced = headers.get("content-length")
    if announced is not None and (not (announced.isascii() and announced.isdigit()) or int(announced) > limit):
        raise too_large(limit)


def too_large(limit: int) -> Refused:
    """The refusal of a body of more than `limit` bytes."""
    return Refused(Refusal(Code.PAYLOAD_TOO_LARGE, f"The body is larger than {limit} bytes."))


class BodyDecoder(Generic[C]):
    """Decodes one route's command; built once, so that a request pays for nothing but its own bytes."""

    def __init__(self, command: type[C]) -> None:
        self._decoder = msgspec.json.Decoder(command)
        self._fields = len(msgspec.structs.fields(command))
        self._nests = any(inner for field in msgspec.structs.fields(command) for inner in _nested(field.type))
        self._amounts = frozenset(_amount_paths(command, "$"))

    def decode(self, body: bytes) -> tuple[C, bytes]:
        """The command, and the body in which every integer is written as one.

        Raises Refused with invalid_request or amount_not_integer_string, naming the field's path.
        """
        if not body:
            raise _invalid("$: the body is empty")
        try:
            command = self._decoder.decode(body)
        except UnicodeDecodeError:
            raise _invalid("$: the body is not UTF-8") from None
        except (msgspec.DecodeError, RecursionError) as error:
            if not str(error).startswith("Expected `int`, got `float`") or (whole := _whole_numbers(body)) == body:
                raise self._refused(str(error)) from None
            return self._decode_whole(whole)
        self._refuse_doubled_members(command, body)
        return command, body

    def _decode_whole(self, body: bytes) -> tuple[C, bytes]:
        """The same for a body whose whole numbers have been written as integers."""
        try:
            command = self._decoder.decode(body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise self._refused(str(error)) from None
        self._refuse_doubled_members(command, body)
        return command, body

    def _refused(self, message: str) -> Refused:
        match = _AT.match(message)
        assert match is not None, "the pattern matches any text"
        what, path = match["what"], match["path"] or "$"
        if _ITEM.sub("[...]", path) in self._amounts:
            return Refused(Refusal(Code.AMOUNT_NOT_INTEGER_STRING, f"{path}: {what}"))
        named = _NAMED.search(what)
        if named is not None:
            path = f"{path}.{named['name']}"
        return _invalid(f"{path}: {what}")

    def _refuse_doubled_members(self, command: C, body: bytes) -> None:
        """JSON parsers disagree on which of two equal members counts, so a request that has any is nobody's clear order.

        msgspec keeps the last one silently. All commands are closed, so the members in the text are as many as the fields that
        were set, or one was doubled. Counting colons settles it for nearly all bodies in 50 ns.
        """
        given = _members(command) if self._nests else self._fields - astuple(command).count(UNSET)
        if body.count(b":") != given and sum(colon != b"" for colon in _STRING.findall(body)) != given:
            raise _invalid("$: a member is given more than once")


def _members(value: object) -> int:
    """How many members of objects a decoded value was given."""
    if isinstance(value, tuple):
        return sum(_members(item) for item in value)
    if not isinstance(value, Command):
        return 0
    given = [item for item in (getattr(value, name) for name in value.__struct_fields__) if item is not UNSET]
    return len(given) + sum(_members(item) for item in given)


def _amount_paths(command: type[Command], at: str) -> Iterator[str]:
    """Where amounts stand, in the way in which msgspec's messages write paths; `[...]` is any item of a list."""
    for field in msgspec.structs.fields(command):
        if Amount in (field.type, *get_args(field.type)):
            yield f"{at}.{field.encode_name}"
        for inner, many in _nested(field.type):
            yield from _amount_paths(inner, f"{at}.{field.encode_name}{'[...]' if many else ''}")


def _nested(kind: object) -> Iterator[tuple[type[Command], bool]]:
    """The commands that a field may hold, and whether it holds a list of them."""
    if isinstance(kind, type) and issubclass(kind, Command):
        yield kind, False
    for inner in get_args(kind):
        for found, many in _nested(inner):
            yield found, many or get_origin(kind) is tuple


def _whole_numbers(body: bytes) -> bytes:
    """The body with 77.0 written as 77: one number to JSON Schema and to half of all languages, so one to us as well."""
    return _WHOLE.sub(lambda found: found[1] or found[0], body)


def _invalid(detail: str) -> Refused:
    return Refused(Refusal(Code.INVALID_REQUEST, detail))
