"""Whose key is this, and may it sign that: now, and at the moment of a signature."""

import datetime as dt

import pytest
from signing import ADA, BEGAN, CI, GRACE, INES, STRAY, document, first, person, public, signed_document, signer, signers

from gates.schema.errors import UnverifiedProblem
from gates.schema.time import format_utc
from gates.signers.document import Role
from gates.signers.envelopes import signatures_of

DAY = dt.timedelta(days=1)
CHANGED = BEGAN + 10 * DAY


def keyid(number: int) -> str:
    """The thumbprint of the key of a number."""
    return signer(number).keyid


def changed(*people):
    """The Signers after a change on the tenth day."""
    spec = document(previous=signers().digest, at=format_utc(CHANGED), people=(*document().people[:2], *people))
    return signers(first(), signed_document(spec, ADA, GRACE))


def test_a_key_may_sign_in_its_holders_roles_alone():
    """A person's acts, a machine's evidence; an unknown key nothing."""
    found = signers()
    assert found.may(keyid(ADA), Role.WAIVER)
    assert found.may(keyid(CI), "official")
    assert not found.may(keyid(ADA), Role.OFFICIAL)
    assert not found.may(keyid(CI), Role.WAIVER)
    assert not found.may(keyid(STRAY), Role.WAIVER)


def test_the_person_of_a_key_is_a_person():
    """Not a machine."""
    found = signers()
    assert [found.person_of(keyid(number)) for number in (ADA, CI, STRAY)] == ["ada", None, None]


def test_a_retired_key_signs_nothing_later_and_its_old_signatures_stay_valid():
    """From the moment of retirement on."""
    found = changed(person("Ines", public(INES, format_utc(CHANGED))))
    assert not found.may(keyid(INES), Role.WAIVER)
    assert not found.may(keyid(INES), Role.WAIVER, CHANGED)
    assert found.may(keyid(INES), Role.WAIVER, CHANGED - DAY)


def test_a_stolen_key_is_retired_from_an_earlier_moment_on():
    """The document of that day allowed it; the document in force does not."""
    found = changed(person("Ines", public(INES, format_utc(BEGAN + 5 * DAY))))
    assert found.may(keyid(INES), Role.WAIVER, BEGAN + 4 * DAY)
    assert not found.may(keyid(INES), Role.WAIVER, BEGAN + 6 * DAY)


def test_a_role_counts_from_the_document_that_gives_it_until_the_one_that_takes_it():
    """The document of the moment decides."""
    found = changed(person("Ines", public(INES), roles=[Role.COHORT]))
    assert found.may(keyid(INES), Role.WAIVER, CHANGED - DAY)
    assert not found.may(keyid(INES), Role.WAIVER, CHANGED)
    assert not found.may(keyid(INES), Role.COHORT, CHANGED - DAY)


def test_nobody_signs_before_the_first_document():
    """An act that dates itself back has no document that allows it."""
    assert not signers().may(keyid(ADA), Role.WAIVER, BEGAN - DAY)


def test_a_trust_root_of_a_role_holds_the_keys_of_that_role_alone():
    """A waiver signed by the machine verifies under the whole, and not under the role."""
    found, envelope = signers(), signer(CI).sign("text/plain", b"hello")
    assert signatures_of(envelope, found.trust_root(), "it").keyids == (keyid(CI),)
    assert found.trust_root(Role.OFFICIAL).keyids == (keyid(CI),)
    with pytest.raises(UnverifiedProblem, match="which the trust root does not hold"):
        found.trust_root(Role.WAIVER).verify(envelope)


def test_the_digest_is_that_of_the_document_in_force():
    """It changes with each document."""
    found = changed(person("Ines", public(INES), roles=[Role.FINDING]))
    assert found.digest == found.chain[-1].digest != signers().digest
