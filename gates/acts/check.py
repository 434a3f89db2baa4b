"""Does an act count? Which people signed it, by keys that may, and how many are missing. Pure: no clock, no file."""

import datetime as dt

import msgspec

from gates.acts.act import RULES, ActStatement, read_act
from gates.acts.content import act_faults, author_fault, owner_fault
from gates.evidence.dsse import Envelope
from gates.evidence.statement import PAYLOAD_TYPE
from gates.schema.errors import RefusedProblem, UnverifiedProblem
from gates.schema.time import parse_utc
from gates.signers.document import Person, same_id
from gates.signers.envelopes import payload_of, signatures_of
from gates.signers.ring import Signers


class Checked(msgspec.Struct, frozen=True):
    """An act whose signatures all hold: the people who signed it, and how many more have to."""

    statement: ActStatement
    people: tuple[str, ...]
    missing: int


class RetiredKey(UnverifiedProblem):
    """An act by a key that was retired when it signed: it counts for nothing."""


def check_act(envelope: Envelope, signers: Signers, origin: str, recorded_at: dt.datetime | None = None) -> Checked:
    """The act, with the different people who signed it.

    `recorded_at` is when a log took it in: a key that was retired by then does not count either, whatever date the act gives
    itself. Raises UnverifiedProblem naming `origin` for a signature, a key, a role or a field that is not right, RetiredKey among
    them.
    """
    statement = open_act(envelope, origin)
    act, rule = statement.predicate, RULES[statement.predicate.act]
    if act.signers not in [link.digest for link in signers.chain]:
        raise UnverifiedProblem(f"{origin}: signers: the act names Signers that are not in force here")
    keyids: tuple[str, ...] = ()
    if envelope.signatures:
        keyids = signatures_of(envelope, signers.trust_root(), origin).keyids
    people: dict[str, Person] = {}
    for keyid in keyids:
        person = _person(keyid, signers, origin)
        for moment in (parse_utc(act.at), recorded_at):
            if moment is not None and not signers.may(keyid, rule.role, moment):
                problem = RetiredKey if signers.is_retired(keyid, moment) else UnverifiedProblem
                raise problem(f"{origin}: {refusal(keyid, person, rule.role, signers, moment)}")
        people[same_id(person.id)] = person
    if people and same_id(act.by) not in people:
        raise UnverifiedProblem(f"{origin}: by: {act.by} has not signed it; signed by {', '.join(people)}")
    named = tuple(people.values())
    fault = author_fault(act, named) or (owner_fault(act, named) if act.owner else "")
    if fault:
        raise UnverifiedProblem(f"{origin}: {fault}")
    return Checked(statement, tuple(person.id for person in people.values()), max(rule.people - len(people), 0))


def require_complete(checked: Checked, signers: Signers, origin: str) -> Checked:
    """The act, if enough people have signed it; raises RefusedProblem with who has and who could."""
    if not checked.missing:
        return checked
    rule = RULES[checked.statement.predicate.act]
    others = [person.id for person in signers.people_with(rule.role) if person.id not in checked.people]
    have = f"signed by {', '.join(checked.people)}" if checked.people else "signed by nobody"
    raise RefusedProblem(
        f"{origin}: {have}; it needs {checked.missing} more {'person' if checked.missing == 1 else 'people'} with the role "
        f"{rule.role}: {', '.join(others) or 'there is nobody else'}",
        next_step=f"gonogo signer sign {origin} --as {others[0]}" if others else "gonogo signer add --person 'NAME <ID>'",
    )


def open_act(envelope: Envelope, origin: str) -> ActStatement:
    """The act in an envelope, whoever signed it; raises UnverifiedProblem for another payload, or fields that are not right."""
    if envelope.payload_type != PAYLOAD_TYPE:
        raise UnverifiedProblem(f"{origin}: payloadType {envelope.payload_type!r} is not {PAYLOAD_TYPE!r}")
    statement = read_act(payload_of(envelope, origin), origin)
    wrong = list(act_faults(statement))
    if wrong:
        raise UnverifiedProblem("\n".join(f"{origin}: {fault}" for fault in wrong))
    return statement


def refusal(keyid: str, person: Person, role: str, signers: Signers, at: dt.datetime | None = None) -> str:
    """Why this person's key may not sign in a role."""
    if signers.is_retired(keyid, at):
        return f"the key {keyid} of {person.id} is retired"
    return f"{person.id} does not hold the role {role}"


def _person(keyid: str, signers: Signers, origin: str) -> Person:
    name = signers.person_of(keyid)
    person = None if name is None else signers.person(name)
    if person is None:
        raise UnverifiedProblem(f"{origin}: the key {keyid} is a machine's; an act is signed by people")
    return person
