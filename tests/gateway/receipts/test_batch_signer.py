"""The signatures of a batch: the same bytes with a helper process and without, whatever becomes of it."""

import os
import signal
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.receipts.batch_signer import Signatures, fork_signer
from gateway.receipts.signer import ReceiptSigner, signing_with

pytestmark = pytest.mark.process

OLD, NEW = (ReceiptSigner(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)) for number in (1, 2))
PAYLOADS = [b'{"number":%d}' % number * 20 for number in range(100)]


@pytest.fixture
def helped():
    """Signatures that a helper makes; it ends with its socket."""
    made = Signatures(fork_signer(()))
    yield made
    made.close()


def signed(signatures, signer, payloads):
    """One batch."""
    signatures.begin_batch(signer)
    for payload in payloads:
        signatures.begin(payload)
    return signatures.finish()


@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=3000))
def test_two_libraries_make_the_same_signature(seed, message):
    """Ed25519 leaves no choice, so a receipt does not tell which of them signed it."""
    assert signing_with(seed)(message) == Ed25519PrivateKey.from_private_bytes(seed).sign(message)


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 100])
def test_a_helper_makes_the_same_signatures_in_the_same_order(helped, count):
    """Few are made here, many there."""
    assert signed(helped, OLD, PAYLOADS[:count]) == [OLD.sign(payload) for payload in PAYLOADS[:count]]


def test_a_new_key_is_told_before_the_first_receipt_that_it_signs(helped):
    """Rotation needs no restart of the helper."""
    for signer in (OLD, NEW, OLD):
        assert signed(helped, signer, PAYLOADS) == [signer.sign(payload) for payload in PAYLOADS]


def test_a_batch_in_several_parts_and_one_that_was_abandoned_mix_nothing_up(helped):
    """A batch that is written in between gets its signatures then; what a rolled back one began is thrown away."""
    helped.begin_batch(OLD)
    for payload in PAYLOADS[:7]:
        helped.begin(payload)
    first = helped.finish()
    for payload in PAYLOADS[7:20]:
        helped.begin(payload)
    assert first + helped.finish() == [OLD.sign(payload) for payload in PAYLOADS[:20]]
    for payload in PAYLOADS[:50]:
        helped.begin(payload)
    assert signed(helped, NEW, PAYLOADS[50:]) == [NEW.sign(payload) for payload in PAYLOADS[50:]]


@pytest.mark.parametrize("sent", [0, 30])
def test_when_the_helper_ends_signatures_are_made_here(caplog, sent):
    """In the middle of a batch or between two: nothing is lost, and the log says it once."""
    before = children()
    signatures = Signatures(fork_signer(()))
    (helper,) = children() - before
    signatures.begin_batch(OLD)
    for payload in PAYLOADS[:sent]:
        signatures.begin(payload)
    os.kill(helper, signal.SIGKILL)
    os.waitpid(helper, 0)
    for payload in PAYLOADS[sent:]:
        signatures.begin(payload)
    assert signatures.finish() == [OLD.sign(payload) for payload in PAYLOADS]
    assert signed(signatures, NEW, PAYLOADS) == [NEW.sign(payload) for payload in PAYLOADS]
    assert [record.message for record in caplog.records] == [
        "the signing helper has ended; receipts are signed in the writing process from now on"
    ]


def children():
    """This process's children."""
    return set(map(int, Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()))
