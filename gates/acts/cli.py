"""The human acts that are about evidence: `evidence attest`, `scorecard explain-red`; and how any act is signed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from gates.schema.errors import UsageProblem
from gates.schema.options import GATES_HELP, preset
from gates.schema.output import show
from gates.schema.state import known_state_dir, made_state_dir

if TYPE_CHECKING:
    from gates.acts.act import ActKind
    from gates.evidence.contents import Contents
    from gates.evidence.dsse import TrustRoot
    from gates.evidence.store import Held
    from gates.schema.gate import Criterion

Command = TypeVar("Command", bound=Callable[..., object])

reason_option = click.option("--reason", required=True, help="Why, in words that somebody can check later.")
as_option = click.option(
    "--as", "people", multiple=True, required=True, metavar="PERSON", help="Who signs; repeat it for a second."
)
gates_option = click.option("--gates", "gates_path", default=preset("gates"), type=click.Path(path_type=Path), help=GATES_HELP)


@click.command()
@click.argument("criterion", metavar="GATE/CRITERION")
@reason_option
@click.option("--expires", required=True, help="When it ends: a moment, or a duration of at most 90d.")
@click.option("--file", "document", type=click.Path(path_type=Path, dir_okay=False), help="The document that shows it.")
@as_option
@gates_option
def attest(
    criterion: str, reason: str, expires: str, document: Path | None, people: tuple[str, ...], gates_path: Path | None
) -> None:
    """Attest what no program can measure about a criterion: signed by one person, with an end, and shown as an attestation."""
    from gates.acts.act import ActKind
    from gates.schema.canonical import sha256_hex
    from gates.schema.source import AttestationSource

    found = _criterion(criterion, gates_path)
    digest = _digest(found) if document is None else sha256_hex(_read(document))
    if not isinstance(found.source, AttestationSource):
        show(f"note: {criterion} is measured: an attestation is kept with it, and does not judge it", err=True)
    sign_act(ActKind.ATTESTATION, criterion, digest, reason, people, expires=expires)


@click.command("explain-red")
@click.argument("digest", metavar="STATEMENT")
@reason_option
@as_option
@gates_option
@click.option(
    "--evidence", "evidence_path", type=click.Path(path_type=Path, exists=True, file_okay=False), help="The evidence folder."
)
def explain_red(digest: str, reason: str, people: tuple[str, ...], gates_path: Path | None, evidence_path: Path | None) -> None:
    """Explain a red run of this week. STATEMENT is the beginning of its sha256 (`gonogo evidence list`); two people sign.

    Nothing is signed for a run that failed no criterion of the gates, or that is not of this week: exit 5.
    """
    from gates.acts.act import ActKind
    from gates.evidence_cli import open_store, require_prefix, trust_root

    require_prefix(digest)
    trust = trust_root(None)
    contents = open_store(evidence_path).contents(trust)
    held = contents.find(digest, trust)
    _require_red(held, gates_path, contents, trust)
    sign_act(ActKind.EXPLANATION, held.digest, held.digest, reason, people)


def sign_act(kind: ActKind, name: str, sha256: str, reason: str, people: tuple[str, ...], *, expires: str = "") -> None:
    """Sign an act by these people and keep it, or let it wait for a further signature; prints where it is kept."""
    from gates.acts.act import Act
    from gates.acts.ending import ending
    from gates.acts.sign import Draft, begin
    from gates.schema.time import system_clock
    from gates.signers.store import require_signers

    home, now = known_state_dir(), system_clock()
    signers = require_signers(home, f"the act {kind}")
    act = Act(act=kind, by="", at="", reason=reason.strip(), signers="", expires_at=ending(expires, now) if expires else "")
    show(f"kept: {begin(made_state_dir(), signers, Draft(name, sha256, act), people, now)}")


def _require_red(held: Held, gates_path: Path | None, contents: Contents, trust: TrustRoot) -> None:
    """Raise RefusedProblem where an explanation would change nothing: by these gates, and by the scorecards of this week."""
    from gates.red_runs import why_not_red
    from gates.schema.catalogs import rules_path
    from gates.schema.errors import RefusedProblem
    from gates.schema.gateset import load_gates
    from gates.schema.time import system_clock
    from gates.shown_red import shown_red

    build, now = held.statement.subject[0].digest.get("build", ""), system_clock()
    if any(run.evidence == held.digest for run in shown_red(contents, trust, {build}, now)):
        return
    path = rules_path(gates_path, held.statement.subject[0].name)
    fault = why_not_red(load_gates(path), held, now)
    if fault:
        step = f"gonogo evidence show {held.digest[:12]} shows what it measured; --gates names the gates that it failed"
        raise RefusedProblem(f"{held.digest[:12]}: {fault}, so nothing was signed", next_step=step)


def _criterion(name: str, gates_path: Path | None) -> Criterion:
    found = _found(name, gates_path)
    if found is None:
        raise UsageProblem(
            f"no criterion is called {name!r}", next_step="write GATE/CRITERION; gonogo gate explain GATE lists them"
        )
    return found


def _found(name: str, gates_path: Path | None) -> Criterion | None:
    from gates.schema.catalogs import rules_path
    from gates.schema.gateset import load_gates

    gates = load_gates(rules_path(gates_path))
    return next((item for gate in gates for item in gate.criteria if name == f"{gate.id}/{item.id}"), None)


def _digest(criterion: Criterion) -> str:
    from gates.attested import attested_bytes
    from gates.schema.canonical import sha256_hex

    return sha256_hex(attested_bytes(criterion))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UsageProblem(f"{path}: no such file") from None
