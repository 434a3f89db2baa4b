"""The commands that collect evidence, with this review's target and profile in them, so that they can be run as printed. Pure."""

import re
import shlex
from collections.abc import Iterable

import msgspec

from gates.schema.gate import Criterion, Gate

_TARGET = re.compile(r"(?<=--target )T(?=\s|$)")
_PROFILE = re.compile(r"(?:(?<=load run )|(?<=--profile ))PROFILE(?=\s|$)")


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How target and profile were named on the command line: a shipped name, or a path."""

    target: str = "local"
    profile: str = "smoke"


def review_command(named_as: Named) -> str:
    """The command that reviews the same target with the same profile."""
    return f"gonogo review --target {shlex.quote(named_as.target)} --profile {shlex.quote(named_as.profile)}"


def with_commands(gates: Iterable[Gate], named_as: Named) -> tuple[Gate, ...]:
    """The gates; in the commands of their criteria `T` and `PROFILE` become what was named."""
    return tuple(
        msgspec.structs.replace(gate, criteria=tuple(_with_command(item, named_as) for item in gate.criteria)) for gate in gates
    )


def _with_command(criterion: Criterion, named_as: Named) -> Criterion:
    command = _TARGET.sub(lambda _: shlex.quote(named_as.target), criterion.source.produced_by)
    command = _PROFILE.sub(lambda _: shlex.quote(named_as.profile), command)
    source = msgspec.structs.replace(criterion.source, produced_by=command)
    return msgspec.structs.replace(criterion, source=source)
