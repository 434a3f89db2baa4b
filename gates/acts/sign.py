"""Signing an act with the private keys on this machine, and keeping it once it is complete."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import msgspec

from gates.acts.act import RULES, Act, make_act, statement_bytes
from gates.acts.check import check_act, open_act, refusal, require_complete
from gates.acts.content import act_faults, author_fault, owner_fault
from gates.acts.store import keep_act, waiting_path
from gates.evidence.dsse import Envelope
from gates.evidence.statement import PAYLOAD_TYPE
from gates.schema.durable import write_durably
from gates.schema.errors import RefusedProblem, UsageProblem
from gates.schema.time import format_utc
from gates.signers.document import Person, Role, active_keyids, same_id
from gates.signers.envelopes import sign_too, unsigned
from gates.signers.private import require_signer
from gates.signers.ring import Signers


class Draft(msgspec.Struct, frozen=True):
    """What a person is about to do; the rest of the act (who, when, under which Signers) is added when it is signed."""

    name: str
    sha256: str
    act: Act


def begin(home: Path, signers: Signers, draft: Draft, people: tuple[str, ...], now: dt.datetime, gate_owner: str = "") -> str:
    """Sign a new act by these people and keep it; returns the sha256 under which it is kept.

    Raises UsageProblem for fields that are not right, RefusedProblem for people without authority or without a private key here.
    Where further people have to sign, the act waits in a file that the RefusedProblem names.
    """
    role = RULES[draft.act.act].role
    named = authorised(signers, people, role)
    fault = author_fault(draft.act, named) or (owner_fault(draft.act, named, gate_owner) if draft.act.owner else "")
    if fault:
        raise RefusedProblem(fault, next_step="let another person approve it: --as PERSON")
    act = msgspec.structs.replace(draft.act, by=named[0].id, at=format_utc(now), signers=signers.digest)
    statement = make_act(draft.name, draft.sha256, act)
    wrong = list(act_faults(statement))
    if wrong:
        raise UsageProblem("\n".join(wrong))
    payload = statement_bytes(statement)
    return _finish(home, signers, unsigned(PAYLOAD_TYPE, payload), named, waiting_path(home, payload))


def sign_waiting(home: Path, signers: Signers, path: Path, envelope: Envelope, people: tuple[str, ...]) -> str:
    """Add the signatures of these people to an act that waits in a file; keep it once it is complete."""
    statement = open_act(envelope, str(path))
    check_act(envelope, signers, str(path))
    named = authorised(signers, people, RULES[statement.predicate.act].role)
    return _finish(home, signers, envelope, named, path)


def authorised(signers: Signers, people: Iterable[str], role: Role) -> tuple[Person, ...]:
    """These people, each known, with the role and with a key in use.

    Raises UsageProblem for somebody who is named twice, RefusedProblem for anyone who may not.
    """
    found: list[Person] = []
    for name in people:
        person = signers.person(name)
        if person is None or role not in person.roles or not active_keyids(person):
            able = ", ".join(item.id for item in signers.people_with(role)) or "nobody"
            raise RefusedProblem(_why(name, person, role, signers), next_step=f"these people can: {able}; or: gonogo signer add")
        if same_id(person.id) in [same_id(item.id) for item in found]:
            raise UsageProblem(f"{person.id} is named twice", next_step="different people have to sign")
        found.append(person)
    if not found:
        raise UsageProblem("nobody is named", next_step="--as PERSON names who signs")
    return tuple(found)


def _why(name: str, person: Person | None, role: Role, signers: Signers) -> str:
    if person is None:
        return f"nobody with the id {name!r} is in the Signers"
    return refusal(person.keys[-1].keyid, person, role, signers)


def _finish(home: Path, signers: Signers, envelope: Envelope, people: tuple[Person, ...], path: Path) -> str:
    """Sign, and keep a complete act; an incomplete one is written to `path` first, so that no signature is lost."""
    keys = [require_signer(active_keyids(person), person.id) for person in people]
    for key in keys:
        envelope = sign_too(envelope, key)
    data = msgspec.json.encode(envelope)
    checked = check_act(envelope, signers, str(path))
    if checked.missing:
        write_durably(path, data, mode=0o600)
    require_complete(checked, signers, str(path))
    digest = keep_act(home, data)
    path.unlink(missing_ok=True)
    return digest
