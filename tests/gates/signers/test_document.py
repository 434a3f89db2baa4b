"""A Signers document names everybody and every key once, with keys of one type and roles that fit; each fault names its field."""

import msgspec
import pytest
import signing
from signing import ADA, CI, GRACE, document, machine, person, public

from gates.schema.canonical import canonical_json
from gates.schema.documents import API_VERSION
from gates.schema.errors import UsageProblem
from gates.signers.chain import document_bytes, read_document
from gates.signers.document import Role
from gates.signers.soundness import require_sound


def refusal(spec) -> str:
    """The text with which a document is refused."""
    with pytest.raises(UsageProblem) as caught:
        require_sound(spec, "signers")
    return caught.value.message


def test_a_sound_document_is_accepted_and_read_back():
    """Three people and a machine, in the bytes that are signed."""
    require_sound(document(), "signers")
    assert read_document(document_bytes(document()), "signers").spec == document()


@pytest.mark.parametrize("twice", ["ada", "ADA", " ada "])
def test_one_person_twice_is_refused(twice):
    """Whatever the case of the id and the space around it."""
    double = msgspec.structs.replace(person("Ada Byron", public(GRACE)), id=twice)
    text = refusal(document(people=(person("Ada", public(ADA)), double)))
    assert f"signers: $.spec.people[1].id: {twice!r} is also the id of $.spec.people[0]" in text


def test_one_name_under_two_ids_is_refused():
    """It would be one person with two votes."""
    double = msgspec.structs.replace(person("ADA", public(GRACE)), id="ada2")
    text = refusal(document(people=(person("Ada", public(ADA)), double)))
    assert "$.spec.people[1].name: 'ADA' is also the name of $.spec.people[0]" in text


def test_one_key_twice_is_refused():
    """Of two people, naming both places."""
    text = refusal(document(people=(person("Ada", public(ADA)), person("Grace", public(ADA)))))
    assert text == "signers: $.spec.people[1].keys[0].x: is also the key $.spec.people[0].keys[0]"


def test_one_key_in_two_spellings_is_refused():
    """The last character of base64url has spare bits; another text for the same bytes would have another thumbprint."""
    key = public(ADA)
    other = msgspec.structs.replace(key, x=key.x[:-1] + chr(ord(key.x[-1]) + 1))
    assert other.keyid != key.keyid
    text = refusal(document(people=(person("Ada", key), person("Grace", other))))
    assert text == "signers: $.spec.people[1].keys[0].x: is not the base64url of 32 bytes"


def test_a_person_with_a_machines_key_is_refused():
    """A program that holds it could sign as that person."""
    text = refusal(document(people=(person("Ada", public(CI)),)))
    assert "$.spec.machines[0].keys[0].x: is also the key $.spec.people[0].keys[0]; a person and a machine never" in text


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"kty": "EC"}, "keys[0].kty: 'EC' is not 'OKP'"),
        ({"crv": "X25519"}, "keys[0].crv: 'X25519' is not 'Ed25519'"),
        ({"x": "AAAA"}, "keys[0].x: is not the base64url of 32 bytes"),
        ({"retired_at": "yesterday"}, "keys[0].retired_at: 'yesterday' is not a moment"),
        ({"retired_at": "2027-01-01T00:00:00Z"}, "keys[0].retired_at: 2027-01-01T00:00:00Z is after the document's own moment"),
    ],
)
def test_a_key_of_another_type_or_form_is_refused(changes, fault):
    """Naming the member of the JWK."""
    key = msgspec.structs.replace(public(ADA), **changes)
    assert f"$.spec.people[0].{fault}" in refusal(document(people=(person("Ada", key),)))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"people": ()}, "$.spec.people: names nobody"),
        ({"people": (person("Ada"),)}, "$.spec.people[0].keys: is empty"),
        ({"people": (person("Ada", public(ADA), roles=()),)}, "$.spec.people[0].roles: is empty"),
        ({"people": (person("", public(ADA)),)}, "$.spec.people[0].id: '' is not an id"),
        ({"people": (person("../Ada", public(ADA)),)}, "$.spec.people[0].id: '../ada' is not an id"),
        ({"machines": (machine("ada"),)}, "$.spec.machines[0].id: 'ada' is also the id of $.spec.people[0]"),
        ({"previous": "abc"}, "$.spec.previous: 'abc' is not a sha256"),
        ({"at": "2026-11-01T00:00:00"}, "$.spec.at: '2026-11-01T00:00:00' names no time zone"),
    ],
)
def test_an_empty_or_unreadable_field_is_refused(changes, fault):
    """Naming it."""
    assert fault in refusal(document(**changes))


def test_a_role_of_the_other_sort_is_refused():
    """People do not sign evidence, machines do not act as people."""
    text = refusal(
        document(people=(person("Ada", public(ADA), roles=[Role.EVIDENCE]),), machines=(machine(roles=[Role.WAIVER]),))
    )
    assert "$.spec.people[0].roles[0]: a person cannot hold the role evidence; it can hold late_review, loosen" in text
    assert "$.spec.machines[0].roles[0]: a machine cannot hold the role waiver; it can hold evidence, official" in text


def test_the_roles_of_later_features_are_known():
    """A document that names them is accepted today."""
    later = [Role("freeze_exception"), Role("cohort"), Role("finding"), Role("change")]
    require_sound(document(people=(person("Ada", public(ADA), roles=later),)), "signers")


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('"waiver"', '"waivers"', "$.spec.people[0].roles[2]: Invalid enum value 'waivers'"),
        ('"crv":', '"d":"secret","crv":', "$.spec.machines[0].keys[0]: unknown key 'd'"),
        ('"kind":"Signers"', '"kind":"GateSet"', "$.kind: expected 'Signers'"),
        ('"kind":"Signers"', '"kind":"Signers","kind":"Signers"', "the member 'kind' occurs twice"),
    ],
)
def test_what_the_document_does_not_allow_is_refused(before, after, fault):
    """An unknown role, a private member of a key, another kind, a doubled member."""
    text = document_bytes(document()).decode().replace(before, after, 1)
    with pytest.raises(UsageProblem) as caught:
        read_document(text.encode(), "signers")
    assert fault in caught.value.message


def test_the_document_is_signed_as_rfc_8785_bytes():
    """With apiVersion and kind, so that no other document's bytes can be taken for it."""
    spec = document()
    whole = {"apiVersion": API_VERSION, "kind": "Signers", "metadata": {"name": "signers"}, "spec": msgspec.to_builtins(spec)}
    assert document_bytes(spec) == canonical_json(whole)
    assert signing.signers().digest == read_document(document_bytes(spec), "signers").digest
