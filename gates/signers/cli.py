"""`gonogo signer`: who may sign what, and how that list comes into force and changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import click

from gates.lazy import Later, LazyGroup
from gates.schema.errors import RefusedProblem, UsageProblem
from gates.schema.options import Moment, format_option
from gates.schema.output import show, write_document
from gates.schema.state import known_state_dir, made_state_dir, state_dir

if TYPE_CHECKING:
    from gates.signers.document import SignersSpec
    from gates.signers.proposal import Proposal

OFFICIAL = "official"
_FILE = click.Path(path_type=Path, dir_okay=False)
_person = click.option("--person", "people", multiple=True, metavar="'NAME <ID>'", help="A person; repeat it for several.")
_machine = click.option("--machine", "machines", multiple=True, metavar="NAME", help="A machine that signs by itself.")
_role = click.option("--role", "roles", multiple=True, help="What they may sign.  [default: all that a person or a machine can]")
_proposal = click.option(
    "--proposal", type=_FILE, help="The file to write.  [default: signers.proposal.json in the state folder]"
)


class _Signer(LazyGroup):
    later: ClassVar[Mapping[str, Later]] = {
        "sign": Later("gates.acts.sign_cli:sign", "Add your signature to a proposal, or to an act that waits for one.")
    }


@click.group(cls=_Signer)
def signer() -> None:
    """Who may sign what: people, machines, their keys and roles."""


@signer.command()
@_person
@_machine
@_role
@_proposal
@click.option("--from", "source", type=_FILE, help="Take over signers.json of another machine instead; needs --trust.")
@click.option("--trust", metavar="SHA256", help="The document in that file that you trust, as its people report it to you.")
def init(
    people: tuple[str, ...],
    machines: tuple[str, ...],
    roles: tuple[str, ...],
    proposal: Path | None,
    source: Path | None,
    trust: str | None,
) -> None:
    """Propose the first Signers, for all their people to sign.

    For each person and machine a private key is made here; --role restricts what they may sign. Nothing is in force until
    all the people have signed and the document is trusted, which is what `gonogo signer sign` does.
    """
    from gates.signers.proposal import base_of
    from gates.signers.store import load_signers, take_over

    home = made_state_dir()
    if (source is None) != (trust is None):
        raise UsageProblem("--from and --trust go together", next_step="gonogo signer init --from signers.json --trust SHA256")
    if source is not None and trust is not None:
        show(f"in force: {take_over(home, source, trust).digest}")
        return
    path = proposal or _default_path()
    if load_signers(home) is not None:
        raise RefusedProblem(f"{home}: has Signers already", next_step="change them: gonogo signer add, or gonogo signer retire")
    if base_of(path, None) is not None:
        raise UsageProblem(f"{path}: a proposal is there already", next_step=f"gonogo signer sign {path}, or remove the file")
    _propose(path, people, machines, roles, None)


@signer.command()
@_person
@_machine
@_role
@click.option("--public-key", type=_FILE, help="A JWK with the public key; without it a private key is made here.")
@_proposal
def add(
    people: tuple[str, ...], machines: tuple[str, ...], roles: tuple[str, ...], public_key: Path | None, proposal: Path | None
) -> None:
    """Propose one more person, machine or key.

    That changes the Signers in force, or the proposal that lies there, which then has to be signed again. Two people of
    the document in force have to sign a change: `gonogo signer sign`.
    """
    _propose(proposal or _default_path(), people, machines, roles, public_key)


@signer.command()
@click.argument("name")
@click.option(
    "--since", type=Moment(), help="The moment from which the key counts for nothing, for a stolen one.  [default: now]"
)
@_proposal
def retire(name: str, since: dt.datetime | None, proposal: Path | None) -> None:
    """Propose to retire the key NAME, or all keys of the person or machine NAME.

    A retired key signs nothing from then on. What it signed before stays valid.
    """
    from gates.schema.time import system_clock
    from gates.signers.proposal import base_of, dated, with_retired, write_proposal
    from gates.signers.store import require_changeable, require_signers

    signers, path, now = require_signers(known_state_dir(), "retiring a key"), proposal or _default_path(), system_clock()
    require_changeable(signers, str(path))
    base = base_of(path, signers)
    assert base is not None, "the document in force is one"
    spec = with_retired(base, name, since or now)
    _report(write_proposal(path, dated(spec, now, signers.spec)))


@signer.command("list")
@format_option("text", "json", "yaml")
def list_(output_format: str) -> None:
    """List the people, machines, keys and roles in force, and which private keys are here."""
    from gates.render import render_value, table
    from gates.signers.store import load_signers

    signers = load_signers(known_state_dir())
    if output_format != "text":
        write_document(render_value([] if signers is None else _rows(signers.spec), output_format))
    elif signers is None:
        show("no Signers are in force\n  next: gonogo signer init --person 'NAME <ID>' --machine NAME", err=True)
    else:
        rows = _rows(signers.spec)
        show(f"document {signers.digest}, number {len(signers.chain)}, of {signers.spec.at}")
        show("\n".join(table([tuple(rows[0]), *(tuple(row.values()) for row in rows)])))


def _propose(
    path: Path, people: tuple[str, ...], machines: tuple[str, ...], roles: tuple[str, ...], public_key: Path | None
) -> None:
    """Write the keys first: a proposal whose private key is lost could never be signed."""
    from gates.schema.time import system_clock
    from gates.signers.candidates import Candidates, with_candidates
    from gates.signers.private import keep_key
    from gates.signers.proposal import base_of, dated, write_proposal
    from gates.signers.soundness import require_sound
    from gates.signers.store import load_signers, require_changeable

    signers, now = load_signers(made_state_dir()), system_clock()
    require_changeable(signers, str(path))
    candidates = Candidates.read(people, machines, roles, public_key)
    spec, keys = with_candidates(base_of(path, signers), candidates, now)
    spec = dated(spec, now, None if signers is None else signers.spec)
    require_sound(spec, str(path))
    for key in keys:
        show(f"private key: {keep_key(key.name, key.key)}")
    _report(write_proposal(path, spec))


def _report(proposal: Proposal) -> None:
    link = proposal.link
    show(f"proposal: {proposal.path}\ndocument: {link.digest}")
    if len(link.spec.people) == 1:
        show(
            "note: with one person there is no change of Signers, no late review, no explanation of a red run and no loosening, "
            "which need two",
            err=True,
        )
    if not any(OFFICIAL in machine.roles for machine in link.spec.machines):
        show("note: no machine may sign an official scorecard yet: gonogo signer add --machine NAME", err=True)
    trust = "" if link.spec.previous else f" --trust {link.digest}"
    show(f"  next: read it, then each person signs: gonogo signer sign {proposal.path}{trust}")


def _rows(spec: SignersSpec) -> list[dict[str, str]]:
    from gates.signers.document import Person
    from gates.signers.private import find_signer

    return [
        {
            "id": holder.id,
            "name": holder.name if isinstance(holder, Person) else "(machine)",
            "key": key.keyid,
            "state": f"retired {key.retired_at}" if key.retired_at else "in use",
            "private key": "here" if find_signer([key.keyid]) else "elsewhere",
            "may sign": ", ".join(holder.roles),
        }
        for _, holder in spec.holders()
        for key in holder.keys
    ]


def _default_path() -> Path:
    from gates.signers.proposal import PROPOSAL_FILE

    return state_dir() / PROPOSAL_FILE
