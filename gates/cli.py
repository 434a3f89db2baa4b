"""`gonogo gate` and `gonogo schema`, and the root of `python -m gates`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import click

from gates.evidence_cli import evidence
from gates.lazy import Later, LazyGroup
from gates.schema.errors import UsageProblem
from gates.schema.options import (
    GATES_HELP,
    format_option,
    preset,
)
from gates.schema.output import show, show_product, write_document

if TYPE_CHECKING:
    from gates.schema.gate import Gate

PROBE = Later("gates.probes.cli:probe", "Probe a running service, or read its artifacts, and store signed evidence.")
RECEIPT = Later("gates.receipts.cli:receipt", "Verify receipts offline, with keys that you trust.")
SIGNER = Later("gates.signers.cli:signer", "Who may sign what: people, machines, their keys and roles.")
RECOMPUTE = Later("gates.probes.recompute_cli:recompute", "Compute a probe's measures again from its raw files.")
WAIVER = Later("gates.acts.waiver_cli:waiver", "Accept by signature, for a time, that a gate does not pass.")
FREEZE = Later("gates.freeze.cli:freeze", "Change freeze: whether this may be deployed now, and signed exceptions.")
FINDING = Later("gates.registers.cli:finding", "Security findings and onboarding defects: open, close, review, list.")
INCIDENT = Later("gates.registers.cli:incident", "Incidents: open, acknowledge, close, review, list.")
SLO = Later("gates.slo.cli:slo", "Alert rules from SLO documents, their tests, a linter, dashboards.")
STATE = Later("gates.state_cli:state", "Make a state folder, take one of an old release over, rebuild a lost log.")
ROSTER = Later("gates.roster.cli:roster", "Who is called: people, duties and hours; the routes of alerts to them.")

gates_option = click.option(
    "--gates",
    "gates_path",
    default=preset("gates"),
    type=click.Path(path_type=Path),
    help=GATES_HELP,
)


class _Gate(LazyGroup):
    later: ClassVar[Mapping[str, Later]] = {"probe": PROBE, "recompute": RECOMPUTE}


@click.group(cls=_Gate)
def gate() -> None:
    """List, explain, validate and judge the launch gates; run their probes."""


@gate.command("list")
@gates_option
@format_option("text", "json", "yaml")
def list_(gates_path: Path | None, output_format: str) -> None:
    """List the gates, with priority, owner and question."""
    from gates.render import render_value, table

    gates = _load(gates_path)
    if output_format != "text":
        write_document(render_value(list(gates), output_format))
        return
    for line in table([(g.letter or "", g.id, g.priority, g.owner, f"{len(g.criteria)} criteria", g.question) for g in gates]):
        show(line)


@gate.command()
@click.argument("gate_id", metavar="ID")
@gates_option
@format_option("text", "json", "yaml")
def explain(gate_id: str, gates_path: Path | None, output_format: str) -> None:
    """Explain one gate and each of its criteria.

    ID is its id or its letter. Shows each threshold, where its number comes from, and which command collects the evidence.
    """
    from gates.render import render_gate, render_value
    from gates.schema.gate import full_label

    gates = _load(gates_path)
    found = next((item for item in gates if gate_id in _names(item)), None)
    if found is None:
        names = ", ".join(full_label(item.letter, item.id) for item in gates)
        raise UsageProblem(f"no gate is called {gate_id!r}", next_step=f"use one of {names}")
    show_product(render_gate(found) if output_format == "text" else render_value(found, output_format), output_format)


@gate.command()
@click.argument("path", default=preset("gates"), type=click.Path(path_type=Path), required=False)
def validate(path: Path | None) -> None:
    """Check gate files, and name every fault.

    PATH is a file, a folder or a shipped catalog; without it the gates that gonogo.yaml names are checked, or the launch plan.
    Exit 2 if there is a fault.
    """
    from gates.schema.catalogs import rules_path
    from gates.schema.gateset import gate_set_digest, load_gate_files

    files = load_gate_files(rules_path(path))
    gates = [item for file in files for item in file.gates]
    criteria = sum(len(item.criteria) for item in gates)
    show(f"ok: {len(gates)} gates with {criteria} criteria in {len(files)} files, gate set {gate_set_digest(gates)[:12]}")


@click.command()
@click.argument("kind")
def schema(kind: str) -> None:
    """Print the JSON Schema (2020-12) of a KIND.

    Kinds of documents: Finding, GateSet, Incident, Measures, Project, Roster, Signers, Target. Kinds of values that gonogo
    writes: Act, Review, SetupReport, Statement.
    """
    from gates.export import schema_bytes

    write_document(schema_bytes(kind))


def _load(path: Path | None, target: str = "local") -> tuple[Gate, ...]:
    from gates.schema.catalogs import rules_path
    from gates.schema.gateset import load_gates

    return load_gates(rules_path(path, target))


def _names(gate: Gate) -> tuple[str, ...]:
    return (gate.id,) if gate.letter is None else (gate.id, gate.letter, gate.letter.lower())


class _Main(LazyGroup):
    later: ClassVar[Mapping[str, Later]] = {
        "receipt": RECEIPT,
        "signer": SIGNER,
        "waiver": WAIVER,
        "freeze": FREEZE,
        "finding": FINDING,
        "incident": INCIDENT,
        "slo": SLO,
        "state": STATE,
        "roster": ROSTER,
    }


@click.group(cls=_Main)
def main() -> None:
    """Deciding: gates as data, evidence that is signed, and one verdict."""


for _command in (gate, evidence, schema):
    main.add_command(_command)
