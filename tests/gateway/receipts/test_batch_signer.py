"""The signatures of a batch: one for each payload, in order, with the key of the batch."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.receipts.batch_signer import BatchSigner
from gateway.receipts.signer import ReceiptSigner, signing_with

OLD, NEW = (ReceiptSigner(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)) for number in (1, 2))
PAYLOADS = [b'{"number":%d}' % number * 20 for number in range(100)]


def signed(batch, signer, payloads):
    """One batch."""
    batch.begin_batch(signer)
    for payload in payloads:
        batch.add(payload)
    return batch.finish()


@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=3000))
def test_two_libraries_make_the_same_signature(seed, message):
    """Ed25519 leaves no choice, so a receipt does not show which of them signed it."""
    assert signing_with(seed)(message) == Ed25519PrivateKey.from_private_bytes(seed).sign(message)


@pytest.mark.parametrize("count", [0, 1, 100])
def test_a_batch_gets_one_signature_for_each_payload_in_their_order(count):
    """None for an empty batch."""
    assert signed(BatchSigner(), OLD, PAYLOADS[:count]) == [OLD.sign(payload) for payload in PAYLOADS[:count]]


def test_each_batch_is_signed_with_its_own_key():
    """A rotation takes effect with the next batch."""
    batch = BatchSigner()
    for signer in (OLD, NEW, OLD):
        assert signed(batch, signer, PAYLOADS) == [signer.sign(payload) for payload in PAYLOADS]


def test_a_batch_in_several_parts_and_one_that_was_abandoned_mix_nothing_up():
    """A batch that is written in between gets its signatures then; the payloads of a rolled back one are forgotten."""
    batch = BatchSigner()
    assert signed(batch, OLD, PAYLOADS[:7]) == [OLD.sign(payload) for payload in PAYLOADS[:7]]
    batch.add(PAYLOADS[7])
    assert batch.finish() == [OLD.sign(PAYLOADS[7])]
    batch.add(PAYLOADS[8])
    assert signed(batch, NEW, PAYLOADS[:3]) == [NEW.sign(payload) for payload in PAYLOADS[:3]]
