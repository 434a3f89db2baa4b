"""Statements and keys: what is signed is a statement about something, and the key that signs is its owner's alone."""

import stat

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from statements import predicate, subject

from gates.evidence.dsse import Signer, TrustRoot, jwks_bytes
from gates.evidence.keys import load_signer, load_trust, own_trust
from gates.evidence.statement import (
    PAYLOAD_TYPE,
    EvidenceKind,
    Measure,
    Statement,
    make_statement,
    open_statement,
    sign_statement,
)
from gates.schema.canonical import canonical_json
from gates.schema.errors import UnverifiedProblem, UsageProblem

SUBJECT = subject("b" * 64)
PREDICATE = predicate(EvidenceKind.LOAD_RUN, "2026-11-23T09:00:00.000Z", {})


@pytest.fixture
def signer():
    """A key that is the same in every run."""
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@pytest.fixture
def trust(signer):
    """Trusts that key."""
    return TrustRoot.from_jwks(jwks_bytes(signer.jwk), "trust")


def test_the_same_statement_gives_the_same_envelope(signer):
    """Made again it is the same bytes, so its digest can be compared."""
    envelopes = [sign_statement(signer, make_statement(EvidenceKind.LOAD_RUN, SUBJECT, PREDICATE)) for _ in range(2)]
    assert msgspec.json.encode(envelopes[0]) == msgspec.json.encode(envelopes[1])


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"{}", "not an evidence statement"),
        (b'{"_type":"x"}', "not an evidence statement"),
        (b"not json", "not an evidence statement"),
    ],
)
def test_a_signed_payload_that_is_no_statement_is_refused(signer, trust, payload, message):
    """A good signature on something else is still something else."""
    with pytest.raises(UnverifiedProblem, match=f"e.json: {message}"):
        open_statement(trust, signer.sign(PAYLOAD_TYPE, payload), "e.json")


def test_a_statement_of_another_type_or_about_nothing_is_refused(signer, trust):
    """Another payload type, another statement type, no subject."""
    good = make_statement(EvidenceKind.LOAD_RUN, SUBJECT, PREDICATE)
    for wrong, message in (
        (Statement("https://in-toto.io/Statement/v2", good.subject, good.predicate_type, good.predicate), "_type"),
        (Statement(good.type_, (), good.predicate_type, good.predicate), "about 0 subjects, not about exactly one"),
        (Statement(good.type_, (SUBJECT,) * 6, good.predicate_type, good.predicate), "about 6 subjects, not about exactly one"),
    ):
        with pytest.raises(UnverifiedProblem, match=message):
            open_statement(trust, sign_statement(signer, wrong), "e.json")
    with pytest.raises(UnverifiedProblem, match="payloadType 'text/plain'"):
        open_statement(trust, signer.sign("text/plain", b"{}"), "e.json")


def test_a_statement_that_gives_a_measure_twice_is_refused(signer, trust):
    """Readers would differ in which of the two they take."""
    measures = {"a": Measure("0", "count"), "b": Measure("7", "count")}
    predicate = msgspec.structs.replace(PREDICATE, measures=measures)
    payload = canonical_json(make_statement(EvidenceKind.LOAD_RUN, SUBJECT, predicate)).replace(b'"b":', b'"a":')
    with pytest.raises(UnverifiedProblem, match=r"e\.json: not an evidence statement: the member 'a' occurs twice"):
        open_statement(trust, signer.sign(PAYLOAD_TYPE, payload), "e.json")


def test_a_statement_that_finished_before_it_started_is_refused(signer, trust):
    """By the moments, not by their text: another zone is no fault."""
    early = msgspec.structs.replace(PREDICATE, finished_at="2026-11-23T08:59:59.999Z")
    with pytest.raises(UnverifiedProblem, match=r"e\.json: finished at 2026-11-23T08:59:59\.999Z, before it started"):
        open_statement(trust, sign_statement(signer, make_statement(EvidenceKind.LOAD_RUN, SUBJECT, early)), "e.json")
    zone = msgspec.structs.replace(PREDICATE, finished_at="2026-11-23T04:00:00-05:00")
    assert open_statement(trust, sign_statement(signer, make_statement(EvidenceKind.LOAD_RUN, SUBJECT, zone)), "e.json")


@pytest.mark.parametrize("name", ["started_at", "finished_at"])
@pytest.mark.parametrize("text", ["\N{ARABIC-INDIC DIGIT TWO}026-11-23T09:00:00Z", "2026-11-23T09:00:00", "soon"])
def test_a_statement_without_readable_times_is_refused(signer, trust, name, text):
    """Digits of another script, no zone, no moment."""
    wrong = msgspec.structs.replace(PREDICATE, **{name: text})
    with pytest.raises(UnverifiedProblem, match=rf"e\.json: {name}: "):
        open_statement(trust, sign_statement(signer, make_statement(EvidenceKind.LOAD_RUN, SUBJECT, wrong)), "e.json")


def test_the_signing_key_is_made_once_and_is_its_owners_alone(tmp_path):
    """The second call reads what the first one made; nobody else may."""
    first, second = load_signer(tmp_path), load_signer(tmp_path)
    assert first.keyid == second.keyid == own_trust(tmp_path).keyids[0]
    mode = (tmp_path / "keys" / "evidence-signing.key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_key_file_that_is_no_key_is_refused_by_name(tmp_path):
    """Never replaced in silence: what it signed could no longer be verified."""
    load_signer(tmp_path)
    (tmp_path / "keys" / "evidence-signing.key").write_bytes(b"short")
    with pytest.raises(UsageProblem, match="not a 32 byte Ed25519 key") as caught:
        load_signer(tmp_path)
    assert caught.value.next_step


def test_an_absent_trust_file_is_refused_by_name(tmp_path):
    """With what to do."""
    with pytest.raises(UsageProblem, match=r"none\.json: no such trust file"):
        load_trust(tmp_path / "none.json")
