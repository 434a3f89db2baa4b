"""Every life as rows, for programs that check a life without importing the gateway."""

import importlib
import pkgutil
from collections.abc import Iterator
from enum import StrEnum

import msgspec

import gateway.machines
from gateway.errors import CATALOGUE
from gateway.machines.machine import Machine
from gateway.setup.failures import FAILURES

RESUME = "gonogo setup resume"
"""What goes on from every end of a setup but `completed`."""
_SUCCESS = "completed"


class Row(msgspec.Struct, frozen=True):
    """One edge; `needs` are the things that the event cannot happen without, such as mail."""

    state: str | None
    event: str
    next: str
    effect: str
    needs: tuple[str, ...] = ()


class End(msgspec.Struct, frozen=True):
    """A state that is never left by itself; `next` is the command that goes on from it, "" where nothing is left to do."""

    state: str
    next: str = ""


class FailureStep(msgspec.Struct, frozen=True):
    """A code that the life can fail with: what to do next, the command where there is one, and the page of runbooks/."""

    code: str
    next_step: str
    command: str
    runbook: str


class Exported(msgspec.Struct, frozen=True):
    """One machine."""

    machine: str
    rows: tuple[Row, ...]
    ends: tuple[End, ...]
    failures: tuple[FailureStep, ...] = ()
    version: str = "1"


def names() -> list[str]:
    """The machines that there are."""
    return [one.name for one in pkgutil.iter_modules(gateway.machines.__path__) if one.name != "machine"]


def exported(name: str) -> Exported:
    """The rows of a machine; a setup's has its needs, the way on from its ends, and every code that it can fail with."""
    module = importlib.import_module(f"gateway.machines.{name}")
    machine: Machine[StrEnum, StrEnum, StrEnum] = getattr(module, name.upper())
    is_setup = name == "onboarding"
    needs = module.NEEDS if is_setup else {}
    rows = tuple(Row(one.state, one.event, one.next, one.effect, tuple(sorted(needs.get(one.event, ())))) for one in machine.rows)
    ends = tuple(End(state, RESUME if is_setup and state != _SUCCESS else "") for state in machine.final)
    return Exported(name, rows, ends, tuple(_failures()) if is_setup else ())


def _failures() -> Iterator[FailureStep]:
    """The client's own codes first; of a code that both have, the client's row is what a user reads."""
    for failed in FAILURES.values():
        yield FailureStep(failed.code, failed.next.text, failed.next.command, failed.next.runbook)
    known = {str(code) for code in FAILURES}
    for row in CATALOGUE.values():
        if str(row.code) in known:
            continue
        yield FailureStep(row.code, row.next_step, f"gonogo explain {row.code}", row.runbook)
