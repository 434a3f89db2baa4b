"""`gonogo signer sign`: one more signature, on proposed Signers or on an act that waits for one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.schema.errors import RefusedProblem, UsageProblem
from gates.schema.output import show
from gates.schema.state import known_state_dir, made_state_dir

if TYPE_CHECKING:
    from gates.evidence.dsse import Envelope, Signer
    from gates.signers.document import SignersSpec
    from gates.signers.proposal import Proposal


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option(
    "--as", "people", multiple=True, metavar="PERSON", help="Who signs.  [default: each of its people whose key is here]"
)
@click.option("--trust", metavar="SHA256", help="Trust these first Signers: the sha256 of the document that you have read.")
def sign(file: Path | None, people: tuple[str, ...], trust: str | None) -> None:
    """Sign the proposed Signers, or the act, in FILE (by default the proposal in the state folder).

    With the last signature that is needed it comes into force; the first Signers of a state folder also need --trust.

    Exit 5 while signatures, or the trust, are missing.
    """
    from gates.evidence.dsse import decode_envelope
    from gates.signers.chain import PAYLOAD_TYPE
    from gates.signers.proposal import PROPOSAL_FILE, read_proposal

    path = file or known_state_dir() / PROPOSAL_FILE
    if file is not None and path.exists():
        envelope = decode_envelope(path.read_bytes(), str(path))
        if envelope.payload_type != PAYLOAD_TYPE:
            _sign_act(path, envelope, people, trust)
            return
    _sign_signers(read_proposal(path), people, trust)


def _sign_signers(proposal: Proposal, names: tuple[str, ...], trust: str | None) -> None:
    from gates.signers.proposal import sign_proposal
    from gates.signers.store import install, load_signers

    home = made_state_dir()
    signers = load_signers(home)
    before = None if signers is None else signers.spec
    for signer in _keys(proposal, names, before):
        proposal = sign_proposal(proposal, signer)
    signers = install(home, proposal.envelope, trust, str(proposal.path))
    proposal.path.unlink()
    show(f"in force: {signers.digest}, number {len(signers.chain)}")


def _keys(proposal: Proposal, names: tuple[str, ...], before: SignersSpec | None) -> list[Signer]:
    """The private keys to sign with; of people in the document itself, and for a change of people in the one before."""
    from gates.signers.document import Person, active_keyids
    from gates.signers.private import find_signer, require_signer

    spec = before or proposal.link.spec
    if not names:
        found = [find_signer(active_keyids(person)) for person in spec.people]
        signed = {item.keyid for item in proposal.envelope.signatures}
        here = [signer for signer in found if signer is not None and signer.keyid not in signed]
        if not here and not signed:
            raise RefusedProblem("none of its people has a private key here", next_step="sign on their machines; GONOGO_KEYS")
        return here
    people = []
    for name in names:
        person = spec.find(name)
        if not isinstance(person, Person):
            raise RefusedProblem(f"nobody with the id {name!r} can sign it", next_step="use one of " + _ids(spec))
        if person in people:
            raise UsageProblem(f"{person.id} is named twice", next_step="different people have to sign")
        people.append(person)
    return [require_signer(active_keyids(person), person.id) for person in people]


def _ids(spec: SignersSpec) -> str:
    return ", ".join(person.id for person in spec.people)


def _sign_act(path: Path, envelope: Envelope, people: tuple[str, ...], trust: str | None) -> None:
    from gates.acts.sign import sign_waiting
    from gates.signers.store import require_signers

    if trust is not None:
        raise UsageProblem("--trust is for Signers, and this file is an act")
    home = made_state_dir()
    digest = sign_waiting(home, require_signers(home, "signing an act"), path, envelope, people)
    show(f"kept: {digest}")
