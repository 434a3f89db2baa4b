"""Where a target's file says that the running build is reported, what is wrong with that, and the sha256 of a build."""

import re
from collections.abc import Iterator
from typing import Annotated

import msgspec

from gates.schema.canonical import sha256_hex
from gates.schema.credential import TOKEN
from gates.schema.printable import printable
from gates.schema.readback import Pointer
from gates.schema.sending_checks import path_fault
from gates.schema.template import fields_in

_SHA256 = re.compile("[0-9a-f]{64}")
_WAYS = ("pointer", "header", "command")
FILLED = ("base_url", "python")
"""What is filled in, in braces, in the words of the command."""


class Build(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where the service reports the running build, as any text: evidence of another build is stale.

    Exactly one of: `pointer` into the JSON answer of `path`, a `header` of its answer, or a `command` (an argument list, no
    shell) that writes it on stdout within `timeout_s` and ends with 0; `{base_url}` and `{python}` are filled in.
    """

    path: str | None = None
    pointer: Pointer | None = None
    header: str | None = None
    command: tuple[str, ...] = ()
    timeout_s: Annotated[int, msgspec.Meta(ge=1, le=600)] = 10


def build_sha256(text: str) -> str:
    """The sha256 that stands for a build: the text itself if it is one, in lower-case hex, else that of the text."""
    return text if _SHA256.fullmatch(text) else sha256_hex(text.encode(errors="surrogateescape"))


def build_faults(build: Build | None) -> Iterator[tuple[str, str]]:
    """Every fault of the member, with its place in the spec."""
    if build is None:
        return
    given = [name for name in _WAYS if getattr(build, name) not in (None, ())]
    if len(given) != 1:
        yield "build", f"needs exactly one of {', '.join(_WAYS)}, and has {' and '.join(given) or 'none'}"
    elif build.command and build.path is not None:
        yield "build.path", "is for a pointer or a header: a command asks the service itself"
    elif not build.command and build.path is None:
        yield "build", f"needs the path whose answer has the {given[0]}"
    if build.path is not None and (fault := path_fault(build.path)):
        yield "build.path", fault
    if build.header is not None and not TOKEN.fullmatch(build.header):
        yield "build.header", f"{printable(build.header)!r} is not a name of a header"
    yield from _command_faults(build.command)


def _command_faults(command: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if command and not command[0]:
        yield "build.command", "begins with an empty word, which is no program"
    for field in sorted({*fields_in(list(command))} - {*FILLED}):
        yield "build.command", f"{{{field}}} is filled in by nothing: it is none of {', '.join(FILLED)}"
