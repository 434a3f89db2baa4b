"""`gonogo finding close` and `gonogo incident close`: by the statement of a test or drill that shows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from gates.registers.cli import as_option, register_option, write
from gates.schema.options import GATES_HELP, preset
from gates.schema.output import show
from gates.schema.register import Register

Command = TypeVar("Command", bound=Callable[..., object])

shown_by_option = click.option(
    "--shown-by",
    required=True,
    metavar="STATEMENT",
    help="The beginning of the sha256 of what shows it (`gonogo evidence list`).",
)
reason_option = click.option("--reason", required=True, help="What was done, in words that somebody can check later.")
criterion_option = click.option(
    "--criterion",
    "named",
    multiple=True,
    metavar="GATE/CRITERION",
    help="A criterion that shows it; repeatable.  [default: every one that reads the statement]",
)
gates_option = click.option("--gates", "gates_path", default=preset("gates"), type=click.Path(path_type=Path), help=GATES_HELP)
_ids = click.argument("ids", metavar="ID...", nargs=-1, required=True)


@click.command("close")
@_ids
@shown_by_option
@reason_option
@criterion_option
@register_option
@gates_option
@as_option
def close_finding(
    ids: tuple[str, ...],
    shown_by: str,
    reason: str,
    named: tuple[str, ...],
    register: str,
    gates_path: Path | None,
    person: str,
) -> None:
    """Close findings by the statement of a test or drill that shows it.

    Whoever closes a finding has not opened it. The statement is of this build and of this week, began after the finding was
    opened, and passes the criteria that read it.

    Exit 1 if it fails, 3 if it is of another build or week, began earlier, or could not be judged, 5 for a person who may not.
    """
    _close(Register(register), ids, (shown_by, reason), named, gates_path, person)


@click.command("close")
@_ids
@shown_by_option
@reason_option
@criterion_option
@gates_option
@as_option
def close_incident(
    ids: tuple[str, ...], shown_by: str, reason: str, named: tuple[str, ...], gates_path: Path | None, person: str
) -> None:
    """Close incidents by the statement of a test or drill that shows it.

    Whoever closes an incident has not opened it. The statement is of this build and of this week, began after the incident was
    opened, and passes the criteria that read it.

    Exit 1 if it fails, 3 if it is of another build or week, began earlier, or could not be judged, 5 for a person who may not.
    """
    _close(Register.INCIDENTS, ids, (shown_by, reason), named, gates_path, person)


def _close(
    register: Register,
    ids: tuple[str, ...],
    texts: tuple[str, str],
    named: tuple[str, ...],
    gates_path: Path | None,
    person: str,
) -> None:
    from gates.evidence_cli import require_prefix
    from gates.registers.document import Closed
    from gates.registers.events import Proof, closed
    from gates.schema.catalogs import NAMES, catalog, rules_path
    from gates.schema.gateset import load_gates

    shown_by, reason = texts
    require_prefix(shown_by)
    shipped = [gate for name in NAMES for gate in load_gates(catalog(name))]
    proof = Proof(shown_by, reason, lambda target: load_gates(rules_path(gates_path, target)), named, shipped)
    written = write(register, person, lambda view: closed(view, register, ids, proof))
    assert written is not None, "items were closed"
    assert isinstance(written.event, Closed), "closing makes a closing"
    shown = written.event.shown_by
    passed = ", ".join(f"{item.gate}/{item.criterion.id}" for item in shown.passed)
    show(f"closed: {', '.join(written.event.ids)}\nshown by: {shown.statement[:12]}, which passes {passed}")
