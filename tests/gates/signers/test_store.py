"""The Signers of a state folder: pinned, whole, and replaced only by what its people signed."""

import msgspec
import pytest
from signing import ADA, GRACE, STRAY, document, first, person, public, put_signers, signed_document, signers

from gates.schema.errors import UnverifiedProblem
from gates.signers.store import load_signers

LATER = "2026-11-11T00:00:00Z"


def test_a_state_folder_without_signers_has_none(tmp_path):
    """That is no fault: previews are made without them."""
    assert load_signers(tmp_path) is None


def test_signers_that_are_pinned_load(tmp_path):
    """As they were signed."""
    assert put_signers(tmp_path).digest == load_signers(tmp_path).digest


@pytest.mark.parametrize(("gone", "fault"), [("signers.pin", "is not pinned"), ("signers.json", "is gone, but")])
def test_a_document_without_its_pin_and_a_pin_without_its_document_are_refused(tmp_path, gone, fault):
    """Removing one file does not go back to the time before Signers."""
    put_signers(tmp_path)
    (tmp_path / gone).unlink()
    with pytest.raises(UnverifiedProblem, match=fault) as caught:
        load_signers(tmp_path)
    assert caught.value.next_step


def test_a_document_that_is_replaced_as_a_whole_is_refused(tmp_path):
    """It is signed by all its people, but it is not the one that is pinned."""
    put_signers(tmp_path)
    own = signed_document(document(people=(person("Mallory", public(STRAY)),)), STRAY)
    (tmp_path / "signers.json").write_bytes(msgspec.json.encode([own]))
    with pytest.raises(UnverifiedProblem, match=r"does not hold the document .* that is pinned: replaced, or cut short"):
        load_signers(tmp_path)


def test_a_chain_that_is_cut_short_is_refused(tmp_path):
    """A change that took a right away cannot be left out."""
    spec = document(previous=signers().digest, at=LATER)
    put_signers(tmp_path, first(), signed_document(spec, ADA, GRACE))
    (tmp_path / "signers.json").write_bytes(msgspec.json.encode([first()]))
    with pytest.raises(UnverifiedProblem, match="cut short"):
        load_signers(tmp_path)


def test_an_older_pin_accepts_what_its_people_signed_since(tmp_path):
    """Whoever pinned the first document follows its changes."""
    spec = document(previous=signers().digest, at=LATER)
    put_signers(tmp_path, first(), signed_document(spec, ADA, GRACE))
    (tmp_path / "signers.pin").write_text(signers().digest)
    assert load_signers(tmp_path).digest != signers().digest


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'[{"payload":"x"}]', b"\xff"])
def test_a_file_that_is_no_list_of_envelopes_is_refused(tmp_path, data):
    """Named, with exit 8."""
    put_signers(tmp_path)
    (tmp_path / "signers.json").write_bytes(data)
    with pytest.raises(UnverifiedProblem, match=r"signers\.json: (not a list|holds no)"):
        load_signers(tmp_path)


def test_a_pin_that_is_no_sha256_is_refused(tmp_path):
    """An empty pin pins nothing."""
    put_signers(tmp_path)
    (tmp_path / "signers.pin").write_text("")
    with pytest.raises(UnverifiedProblem, match=r"signers\.pin: does not hold a sha256"):
        load_signers(tmp_path)
