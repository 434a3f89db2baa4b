"""`gonogo gateway machines`: every life as rows, for programs that check a life without importing the gateway."""

import importlib
import pkgutil
from collections.abc import Iterator
from enum import StrEnum

import msgspec

import gateway.machines
from gateway.errors import Code
from gateway.machines.machine import Machine
from gateway.setup.failures import SetupCode
from gateway.setup.hosts.matrix import Row as HostRow
from gateway.setup.hosts.matrix import rows as host_rows
from gateway.setup.server_codes import SERVER_ROWS, row_of

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
    """One machine; a setup's has the hosts that it can set up, as the certification matrix knows them."""

    machine: str
    rows: tuple[Row, ...]
    ends: tuple[End, ...]
    failures: tuple[FailureStep, ...] = ()
    hosts: tuple[HostRow, ...] = ()
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
    return Exported(name, rows, ends, tuple(_failures()) if is_setup else (), host_rows() if is_setup else ())


def _failures() -> Iterator[FailureStep]:
    """Every code that a setup can meet, the client's own and the gateway's, with the row that its user reads."""
    for code in sorted({*map(str, SetupCode), *SERVER_ROWS, *map(str, Code)}):
        row = row_of(code)
        command = row.next.command.format(host="HOST", file="FILE")
        yield FailureStep(code, row.next.text, command, row.next.runbook)
