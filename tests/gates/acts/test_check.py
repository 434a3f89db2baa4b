"""A human act counts by the signatures of different people whose keys may sign it, and by nothing that it says of itself."""

import datetime as dt

import msgspec
import pytest
from signing import (
    ADA,
    BEGAN,
    CI,
    GRACE,
    INES,
    STRAY,
    act,
    document,
    first,
    person,
    public,
    put_act,
    put_signers,
    signed_document,
    signers,
    waiver_act,
)

from gates.acts.act import ActKind
from gates.acts.check import RetiredKey, check_act, require_complete
from gates.acts.store import load_acts
from gates.schema.errors import RefusedProblem, UnverifiedProblem
from gates.schema.time import format_utc
from gates.signers.document import Role

RING = signers()
TWO = (ActKind.EXPLANATION, ActKind.LATE_REVIEW, ActKind.LOOSENING)
AT = BEGAN + dt.timedelta(days=22)


def refusal(envelope, ring=RING, **options) -> str:
    """The text with which an act is refused."""
    with pytest.raises(UnverifiedProblem) as caught:
        check_act(envelope, ring, "act.json", **options)
    return caught.value.message


def missing(envelope, ring=RING) -> str:
    """The text with which an act waits for further signatures."""
    with pytest.raises(RefusedProblem) as caught:
        require_complete(check_act(envelope, ring, "act.json"), ring, "act.json")
    return caught.value.message


@pytest.mark.parametrize("kind", TWO)
def test_two_different_people_complete_an_act_that_needs_two(kind):
    """In any order."""
    for numbers in ((ADA, GRACE), (GRACE, ADA)):
        checked = require_complete(check_act(act(kind, *numbers), RING, "act.json"), RING, "act.json")
        assert sorted(checked.people) == ["ada", "grace"]


@pytest.mark.parametrize("kind", TWO)
def test_one_signature_does_not_complete_it(kind):
    """Who has signed and who could is named."""
    assert missing(act(kind, ADA)) == (f"act.json: signed by ada; it needs 1 more person with the role {RULE[kind]}: grace, ines")


RULE = {ActKind.EXPLANATION: "explanation", ActKind.LATE_REVIEW: "late_review", ActKind.LOOSENING: "loosen"}


@pytest.mark.parametrize("kind", [ActKind.WAIVER, ActKind.ATTESTATION])
def test_one_person_completes_a_waiver_and_an_attestation(kind):
    """No more is needed."""
    assert check_act(act(kind, ADA), RING, "act.json").missing == 0


def test_an_act_without_a_signature_is_not_complete():
    """It is nobody's."""
    assert "signed by nobody; it needs 2 more people with the role loosen: ada, grace, ines" in missing(act(ActKind.LOOSENING))


def test_one_person_with_two_keys_is_one_person():
    """Two signatures of Ada are not two people."""
    spec = document(people=(person("Ada", public(ADA), public(STRAY)), person("Grace", public(GRACE))))
    ring = signers(signed_document(spec, ADA, GRACE))
    assert "signed by ada; it needs 1 more person" in missing(act(ActKind.LOOSENING, ADA, STRAY, signers=ring.digest), ring)


def test_a_key_inside_the_act_verifies_nothing():
    """An override is verified by the pinned Signers alone: one by a key of its own is refused, alone or next to a good one."""
    assert "which the trust root does not hold" in refusal(waiver_act("sre-reliability", STRAY, by="mallory"))
    assert "is by an unknown key, or does not hold" in refusal(act(ActKind.LOOSENING, ADA, STRAY))


def test_an_act_with_a_key_member_is_refused():
    """There is no place in it for a key."""
    envelope = act(ActKind.LOOSENING, ADA)
    payload = msgspec.json.decode(msgspec.json.decode(b'"' + envelope.payload.encode() + b'"', type=bytes))
    payload["predicate"]["key"] = "abc"
    forged = msgspec.structs.replace(envelope, payload=msgspec.json.decode(msgspec.json.encode(msgspec.json.encode(payload))))
    assert "Object contains unknown field `key`" in refusal(forged)


def test_a_key_of_another_role_is_refused():
    """Ines may sign findings alone; she is named with the role that she lacks."""
    spec = document(people=(*document().people[:2], person("Ines", public(INES), roles=[Role.FINDING])))
    ring = signers(first(spec))
    envelope = waiver_act("f", INES, by="ines", signers=ring.digest)
    assert refusal(envelope, ring) == "act.json: ines does not hold the role waiver"


def test_a_machine_signs_no_human_act():
    """Its key is named as one."""
    assert "is a machine's; an act is signed by people" in refusal(act(ActKind.LOOSENING, ADA, CI))


def retired_ring():
    """The Signers after Ines's key was retired, on the tenth day."""
    at = format_utc(BEGAN + dt.timedelta(days=10))
    people = (*document().people[:2], person("Ines", public(INES, at)))
    return signers(first(), signed_document(document(previous=RING.digest, at=at, people=people), ADA, GRACE))


def test_a_retired_key_signs_no_later_act_and_its_earlier_ones_stay():
    """By the act's own date."""
    early = format_utc(BEGAN + dt.timedelta(days=9))
    ends = format_utc(BEGAN + dt.timedelta(days=15))
    assert "of ines is retired" in refusal(waiver_act("f", INES, by="ines"), retired_ring())
    assert check_act(waiver_act("f", INES, by="ines", at=early, expires_at=ends), retired_ring(), "act.json").people == ("ines",)


def test_an_act_that_is_dated_back_counts_by_when_the_log_took_it_in():
    """A retired key cannot sign into the past."""
    early = format_utc(BEGAN + dt.timedelta(days=9))
    ends = format_utc(BEGAN + dt.timedelta(days=15))
    envelope = waiver_act("f", INES, by="ines", at=early, expires_at=ends)
    assert "of ines is retired" in refusal(envelope, retired_ring(), recorded_at=BEGAN + dt.timedelta(days=12))


def test_an_act_by_a_key_that_was_retired_as_of_before_is_left_out_and_named_on_demand(tmp_path):
    """It is in the log for ever: were it refused everywhere, nothing could be judged any more."""
    home = tmp_path / "home"
    put_signers(home)
    put_act(home, waiver_act("f", INES, by="ines"))
    put_act(home, waiver_act("g"))
    ring = retired_ring()
    assert [held.statement.about.name for held in load_acts(home, ring)[ActKind.WAIVER]] == ["g"]
    with pytest.raises(RetiredKey, match="of ines is retired"):
        load_acts(home, ring, strict=True)


def test_an_act_that_is_changed_after_signing_is_refused():
    """The signature does not hold."""
    envelope, other = act(ActKind.LOOSENING, ADA), act(ActKind.LOOSENING, ADA, reason="something else entirely")
    assert "does not hold" in refusal(msgspec.structs.replace(envelope, payload=other.payload))


def test_who_began_the_act_has_signed_it():
    """A name that did not sign lends no authority."""
    assert refusal(waiver_act("f", ADA, by="grace")) == "act.json: by: grace has not signed it; signed by ada"


def test_an_act_under_other_signers_is_refused():
    """The document that it names is not in the chain."""
    assert "names Signers that are not in force here" in refusal(waiver_act("f", signers="0" * 64))


@pytest.mark.parametrize("owner", ["ada", "ADA", " Ada ", "Ada <ada>", "ada (sre)"])
def test_the_owner_of_a_waiver_does_not_approve_it(owner):
    """Whatever way the name is written."""
    assert "ada cannot approve it" in refusal(waiver_act("f", owner=owner))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"reason": "x"}, "reason: 'x' is too short"),
        ({"ticket": ""}, "ticket: '' is not a ticket's name"),
        ({"ticket": "see the board"}, "ticket: 'see the board' is not a ticket's name"),
        ({"owner": " "}, "owner: is empty"),
        ({"mitigation": "x"}, "mitigation: 'x' is no plan: at least 20 characters and 3 different words"),
        ({"mitigation": "x x x x x x x x x x x x x"}, "is no plan"),
        ({"expires_at": ""}, "expires_at: is missing"),
        ({"expires_at": "9999-01-01T00:00:00Z"}, "is more than 14 days after"),
        ({"expires_at": format_utc(AT)}, "is not after"),
        ({"expires_at": "2026-12-01T00:00:00"}, "names no time zone"),
        ({"by": ""}, "by: is empty"),
    ],
)
def test_a_waiver_that_is_not_complete_is_refused(changes, fault):
    """Also with a true signature; the field is named."""
    assert fault in refusal(waiver_act("f", **changes))


def test_an_act_of_another_kind_has_no_terms_of_a_waiver():
    """Nor an end where it has none."""
    assert "ticket: only a waiver has one" in refusal(act(ActKind.LOOSENING, ADA, ticket="OPS-1"))
    assert "the act loosening has no end" in refusal(
        act(ActKind.LOOSENING, ADA, expires_at=format_utc(AT + dt.timedelta(days=1)))
    )


def test_another_payload_type_is_refused():
    """An act is an in-toto statement."""
    other = msgspec.structs.replace(act(ActKind.LOOSENING, ADA), payload_type="text/plain")
    assert "payloadType 'text/plain' is not" in refusal(other)
