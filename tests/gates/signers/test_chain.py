"""The first document is signed by all its people, a change by two people of the document before it; nothing else counts."""

import datetime as dt

import msgspec
import pytest
from signing import ADA, BEGAN, CI, GRACE, INES, STRAY, document, first, machine, person, public, signed_document, signers

from gates.evidence.dsse import Envelope
from gates.schema.errors import UnverifiedProblem
from gates.schema.time import format_utc
from gates.signers.chain import open_chain

LATER = format_utc(BEGAN + dt.timedelta(days=10))
MALLORY = person("Mallory", public(STRAY))


def change(**changes: object):
    """The next document: the first one's people and whatever changes."""
    return document(**{"previous": signers().digest, "at": LATER, **changes})


def with_mallory():
    """The next document with one person more."""
    return change(people=(*document().people, MALLORY))


def refusal(*envelopes: Envelope) -> str:
    """The text with which a chain is refused."""
    with pytest.raises(UnverifiedProblem) as caught:
        open_chain(envelopes, "signers.json")
    return caught.value.message


def test_a_chain_of_two_documents_opens():
    """All three people sign the first, two of them the second."""
    chain = open_chain((first(), signed_document(with_mallory(), ADA, GRACE)), "signers.json")
    assert [len(link.spec.people) for link in chain] == [3, 4]


def test_the_first_document_needs_all_its_people():
    """Who has not signed is named."""
    assert "not signed by ines; the first document needs all" in refusal(signed_document(document(), ADA, GRACE))
    assert "not signed by ada, grace, ines" in refusal(signed_document(document()))


def test_a_machine_signs_no_document():
    """Its key is in the document, and is nobody's signature."""
    assert "not signed by ines" in refusal(signed_document(document(), ADA, GRACE, CI))


@pytest.mark.parametrize("numbers", [(ADA,), (ADA, STRAY), (ADA, CI), (STRAY,), ()])
def test_a_signer_added_by_one_person_is_refused(numbers):
    """Neither the added person nor a machine is the second of the people that a change needs."""
    assert "a change needs 2 people of the document in force: " in refusal(first(), signed_document(with_mallory(), *numbers))


def test_two_keys_of_one_person_are_one_person():
    """A change signed by both of Ada's keys is signed by Ada alone."""
    people = (person("Ada", public(ADA), public(STRAY)), person("Grace", public(GRACE)))
    base = document(people=people)
    start = signed_document(base, ADA, GRACE)
    spec = document(people=people, previous=signers(start).digest, at=LATER)
    assert "signed by ada alone; a change needs 2 people of the document in force: grace" in refusal(
        start, signed_document(spec, ADA, STRAY)
    )


def test_a_retired_key_signs_no_change():
    """Its person counts as not having signed."""
    retired = change(people=(*document().people[:2], person("Ines", public(INES, LATER))))
    middle = signed_document(retired, ADA, INES)
    later = format_utc(BEGAN + dt.timedelta(days=11))
    last = msgspec.structs.replace(retired, previous=signers(first(), middle).digest, at=later)
    assert "signed by ada alone" in refusal(first(), middle, signed_document(last, ADA, INES))


def test_a_signature_that_does_not_hold_is_refused():
    """Even where enough others do: every entry counts."""
    good = first()
    bad = msgspec.structs.replace(good.signatures[0], sig=good.signatures[1].sig)
    text = refusal(msgspec.structs.replace(good, signatures=(*good.signatures[1:], bad)))
    assert "is by an unknown key, or does not hold" in text


def test_a_signature_by_an_unknown_key_is_refused():
    """Nothing in the document can vouch for it."""
    assert "is by an unknown key, or does not hold" in refusal(signed_document(document(), ADA, GRACE, INES, STRAY))


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        (change(previous=None), "does not follow the document before it"),
        (change(previous="0" * 64), "does not follow the document before it"),
        (change(at=format_utc(BEGAN)), "is not after the document before it"),
        (change(people=document().people[:2]), "ines of $.spec.people[2] is not in it any more; retire the keys instead"),
        (change(people=(*document().people[:2], person("Ines", public(STRAY)))), "of ines is not in it any more"),
        (change(machines=(machine("other"),)), "ci of $.spec.machines[0] is not in it any more"),
        (change(people=()), "$.spec.people: names nobody"),
    ],
)
def test_a_document_that_does_not_follow_is_refused(spec, fault):
    """One that names no or another predecessor, is older, or loses a person, a key or a machine."""
    assert fault in refusal(first(), signed_document(spec, ADA, GRACE))


def test_a_retired_key_is_not_put_back_into_use():
    """Nor retired later than it was."""
    retired = change(people=(*document().people[:2], person("Ines", public(INES, LATER))))
    middle = signed_document(retired, ADA, GRACE)
    later = format_utc(BEGAN + dt.timedelta(days=11))
    back = change(previous=signers(first(), middle).digest, at=later)
    assert "is in use again, or retired later than before" in refusal(first(), middle, signed_document(back, ADA, GRACE))


def test_another_payload_type_is_refused():
    """A signature over something else says nothing about Signers."""
    other = msgspec.structs.replace(first(), payload_type="application/vnd.in-toto+json")
    assert "payloadType 'application/vnd.in-toto+json' is not" in refusal(other)
