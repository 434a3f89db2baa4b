"""The commands that collect evidence, with this review's target and profile in them, so that they can be run as printed. Pure."""

import re
import shlex
from collections.abc import Iterable

import msgspec

from gates.schema.gate import Criterion, Gate

_TARGET = re.compile(r"(?<=--target )T(?=\s|$)")
_PROFILE = re.compile(r"(?:(?<=load run )|(?<=--profile ))PROFILE(?=\s|$)")


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How target and profile were named on the command line: a shipped name, or a path."""

    target: str = "local"
    profile: str = "smoke"


def with_commands(gates: Iterable[Gate], asked: Asked) -> tuple[Gate, ...]:
    """The gates; in the commands of their criteria `T` and `PROFILE` become what was asked for."""
    return tuple(
        msgspec.structs.replace(gate, criteria=tuple(_with_command(item, asked) for item in gate.criteria)) for gate in gates
    )


def _with_command(criterion: Criterion, asked: Asked) -> Criterion:
    command = _TARGET.sub(lambda _: shlex.quote(asked.target), criterion.source.produced_by)
    command = _PROFILE.sub(lambda _: shlex.quote(asked.profile), command)
    source = msgspec.structs.replace(criterion.source, produced_by=command)
    return msgspec.structs.replace(criterion, source=source)
