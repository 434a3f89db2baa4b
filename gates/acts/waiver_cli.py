"""`gonogo waiver`: accept by signature, for at most 14 days, that a P1 gate does not pass."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.acts.cli import gates_option, reason_option
from gates.schema.errors import RefusedProblem, UsageProblem
from gates.schema.options import format_option, preset
from gates.schema.output import show, write_document
from gates.schema.state import known_state_dir, made_state_dir

if TYPE_CHECKING:
    import datetime as dt

    from gates.acts.store import HeldAct
    from gates.schema.gate import Gate
    from gates.schema.waiver import Waiver

CHANGED = "its gate changed after it was signed"

waivers_option = click.option(
    "--waivers",
    "waivers_path",
    default=preset("waivers"),
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder of signed waiver files as well.",
)


@click.group()
def waiver() -> None:
    """Accept by signature, for a time, that a gate does not pass."""


@waiver.command()
@click.argument("gate_id", metavar="GATE")
@click.option("--owner", required=True, help="Who carries out the mitigation; never the approver.")
@reason_option
@click.option("--mitigation", required=True, help="What is done instead, and by when: at least 20 characters.")
@click.option("--ticket", required=True, help="The ticket in which it is followed.")
@click.option("--expires", required=True, help="When it ends: a moment, or a duration of at most 14d.")
@click.option("--as", "person", required=True, metavar="PERSON", help="Who approves and signs it.")
@gates_option
def add(
    gate_id: str, owner: str, reason: str, mitigation: str, ticket: str, expires: str, person: str, gates_path: Path | None
) -> None:
    """Sign a waiver of GATE, which is a gate's id.

    It lasts at most 14 days, ends when the gate changes, and can be renewed twice; a P0 gate has none. The gate's outcome does
    not change: the waiver is shown with it, and a CONDITIONAL GO needs one for each P1 gate that does not pass.
    """
    from gates.acts.act import Act, ActKind
    from gates.acts.ending import ending
    from gates.acts.sign import Draft, begin
    from gates.acts.waivers import RENEWALS, load_held, renewals_before
    from gates.schema.time import system_clock
    from gates.schema.waiver import gate_fault, waived_gate
    from gates.signers.store import require_signers

    gates, now = _gates(gates_path), system_clock()
    fault = gate_fault(gate_id, gates)
    if fault:
        raise UsageProblem(fault)
    signers = require_signers(known_state_dir(), "a waiver")
    before = renewals_before(load_held(known_state_dir(), None, gates), gate_id, now)
    if before > RENEWALS:
        raise RefusedProblem(
            f"{gate_id} was waived {before} times without a pause; {RENEWALS} renewals are allowed",
            next_step="fix the gate; the row ends 14 days after the last waiver does",
        )
    gate = next(item for item in gates if item.id == gate_id)
    act = Act(
        act=ActKind.WAIVER,
        by="",
        at="",
        reason=reason.strip(),
        signers="",
        expires_at=ending(expires, now),
        ticket=ticket.strip(),
        owner=owner.strip(),
        mitigation=mitigation.strip(),
    )
    draft = Draft(gate_id, waived_gate(gate), act)
    digest = begin(made_state_dir(), signers, draft, (person,), now, gate.owner)
    show(f"waived: {gate_id} until {act.expires_at}, renewal {before} of {RENEWALS}\nkept: {digest}")


@waiver.command("list")
@waivers_option
@gates_option
@format_option("text", "json", "yaml")
def list_(waivers_path: Path | None, gates_path: Path | None, output_format: str) -> None:
    """List the waivers of the gates, the newest last, each verified, and whether it is in force."""
    from gates.render import render_value, table

    gates = _gates(gates_path)
    rows = _rows(_held(waivers_path, gates), gates)
    if output_format != "text":
        write_document(render_value(rows, output_format))
    elif rows:
        show("\n".join(table([tuple(rows[0]), *(tuple(row.values()) for row in rows)])))
    else:
        show("no waivers", err=True)


@waiver.command()
@waivers_option
@gates_option
def check(waivers_path: Path | None, gates_path: Path | None) -> None:
    """Verify every waiver: its signature, approver, end, ticket, mitigation and renewals, and that its gate can have one.

    Exit 2 for a gate that cannot have one, 5 for a waiver without authority, 8 for one that does not verify.
    """
    from gates.acts.act import ActKind
    from gates.acts.store import load_acts
    from gates.schema.waiver import gate_fault
    from gates.signers.store import load_signers

    gates = _gates(gates_path)
    rows = _rows(_held(waivers_path, gates), gates)
    home = known_state_dir()
    kept = load_acts(home, load_signers(home), strict=True)[ActKind.WAIVER]
    faults = [(held.digest[:12], gate_fault(held.statement.about.name, gates)) for held in kept]
    wrong = [f"the waiver {digest}: {fault}" for digest, fault in faults if fault]
    if wrong:
        raise UsageProblem("\n".join(wrong), next_step="name the gate files with --gates")
    changed = [f"the waiver {row['waiver']} of {row['gate']} is over: {CHANGED}" for row in rows if row["state"] == CHANGED]
    in_force = sum(row["state"] == "in force" for row in rows)
    show("\n".join([f"ok: {len(rows)} waivers verified, {in_force} in force", *changed]))


def _gates(path: Path | None) -> tuple[Gate, ...]:
    from gates.schema.catalogs import rules_path
    from gates.schema.gateset import load_gates

    return load_gates(rules_path(path))


def _held(waivers_path: Path | None, gates: Sequence[Gate]) -> list[HeldAct]:
    from gates.acts.waivers import load_held

    return load_held(known_state_dir(), waivers_path, gates)


def _rows(found: Sequence[HeldAct], gates: Sequence[Gate]) -> list[dict[str, str]]:
    from gates.acts.waivers import waiver_of
    from gates.schema.time import system_clock

    now, by_id = system_clock(), {gate.id: gate for gate in gates}
    return [
        {
            "waiver": held.digest[:12],
            "gate": waiver.gate,
            "state": _state(waiver, by_id[waiver.gate], now),
            "ends": waiver.expires_at,
            "approver": waiver.approver,
            "owner": waiver.owner,
            "ticket": waiver.ticket,
            "mitigation": waiver.mitigation,
        }
        for held in found
        for waiver in [waiver_of(held)]
    ]


def _state(waiver: Waiver, gate: Gate, now: dt.datetime) -> str:
    from gates.waivers import holds, is_of

    if not holds(waiver, now):
        return "over"
    return "in force" if is_of(waiver, gate) else CHANGED
