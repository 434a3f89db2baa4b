"""Books are read in the service's own format, and hashed as its receipts hash them."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.ledger import LedgerEntry, Posting
from loadtests.books.entries import receipt_in

POSTINGS = st.lists(
    st.builds(
        Posting,
        st.from_regex(r"wallet/[a-z0-9_]{1,9}/held", fullmatch=True),
        st.from_regex(r"-?[1-9][0-9]{0,12}", fullmatch=True),
        st.just("USD"),
    )
)


@given(postings=POSTINGS)
def test_the_digest_of_postings_is_of_their_rfc_8785_bytes(postings):
    """The quick encoder and the canonical writer agree on every list of postings."""
    entry = LedgerEntry(1, "e1", "settle", tuple(postings))
    assert entry.postings_sha256 == sha256_hex(canonical_json(postings))


def test_a_receipt_is_read_from_its_envelope():
    """Members that the checker does not compare may be there; those it compares are read."""
    about = {"subject": {"id": "pay_1", "kind": "payment"}, "money": {"amount": "5", "currency": "USD"}, "salt": "x"}
    payload = {"receipt_id": "rcp_1", "kind": "settle", **about}
    envelope = json.dumps({"payload": base64.b64encode(json.dumps(payload).encode()).decode(), "signatures": []}).encode()
    receipt = receipt_in(envelope)
    assert (receipt.receipt_id, receipt.payment_id, receipt.amount, receipt.entry_ids) == ("rcp_1", "pay_1", "5", ())


def test_a_receipt_of_version_1_is_refused():
    """Its members lie flat; an earlier build wrote it."""
    payload = {"receipt_id": "rcp_1", "kind": "settle", "payment_id": "pay_1", "amount": "5", "currency": "USD"}
    envelope = json.dumps({"payload": base64.b64encode(json.dumps(payload).encode()).decode()}).encode()
    with pytest.raises(ValueError, match="not a receipt of version 2"):
        receipt_in(envelope)


@pytest.mark.parametrize("envelope", [b"{}", b'{"payload":"%%"}', b'{"payload":"e30="}', b"x"])
def test_what_is_no_receipt_is_refused(envelope):
    """A garbled envelope is an error of the audit, never a receipt with nothing in it."""
    with pytest.raises(ValueError, match="not a receipt"):
        receipt_in(envelope)
