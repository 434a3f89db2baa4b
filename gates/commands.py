"""The commands that collect evidence, with target, profile and gates of this review, so that they can be run as printed. Pure."""

import re
import shlex
from collections.abc import Iterable

import msgspec

from gates.schema.gate import Criterion, Gate
from gates.schema.source import with_command

_TARGET = re.compile(r"(?<=--target )T(?=\s|$)")
_PROFILE = re.compile(r"(?:(?<=load run )|(?<=--profile ))PROFILE(?=\s|$)")
_TAKES_BUILD = ("gonogo evidence collect ", "gonogo slo measure ")
_GATES = re.compile(r" --gates GATES(?=\s|$)")


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How target, profile and gates were named on the command line: a shipped name, or a path; "" for the shipped gates.

    `build` is the one that was named with --build, "" where the service reports it.
    """

    target: str = "local"
    profile: str = "smoke"
    gates: str = ""
    build: str = ""


def review_command(named_as: Named) -> str:
    """The command that reviews the same target with the same profile, by the same gates."""
    command = f"gonogo review --target {shlex.quote(named_as.target)} --profile {shlex.quote(named_as.profile)}"
    return with_gates(command, named_as)


def judge_command(named_as: Named, build: str, moment: str) -> str:
    """The command that judges stored evidence about a build as of a moment, with the same target, profile and gates."""
    target, profile = shlex.quote(named_as.target), shlex.quote(named_as.profile)
    command = f"gonogo scorecard build --target {target} --profile {profile} --build {shlex.quote(build)} --now {moment}"
    return with_gates(command, named_as)


def with_commands(gates: Iterable[Gate], named_as: Named) -> tuple[Gate, ...]:
    """The gates; in the commands of their criteria `T`, `PROFILE` and `GATES` become what was named."""
    return tuple(
        msgspec.structs.replace(gate, criteria=tuple(_with_command(item, named_as) for item in gate.criteria)) for gate in gates
    )


def with_gates(command: str, named_as: Named) -> str:
    """A command that judges, by the gates that were named."""
    return f"{command} --gates {shlex.quote(named_as.gates)}" if named_as.gates else command


def _with_command(criterion: Criterion, named_as: Named) -> Criterion:
    command = _TARGET.sub(lambda _: shlex.quote(named_as.target), criterion.source.produced_by)
    command = _PROFILE.sub(lambda _: shlex.quote(named_as.profile), command)
    command = _GATES.sub(lambda _: with_gates("", named_as), command)
    if named_as.build and command.startswith(_TAKES_BUILD):
        command = f"{command} --build {shlex.quote(named_as.build)}"
    return msgspec.structs.replace(criterion, source=with_command(criterion.source, command))
