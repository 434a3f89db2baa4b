"""One spelling for each address: what is hashed, stored and mailed."""

import pytest
from gateway_entrance import ANN

from gateway.access.addresses import normalised
from gateway.api.addresses import AddressDecoder
from gateway.commands.access import SignIn
from gateway.errors import Refused


@pytest.mark.parametrize(
    ("spelt", "address"),
    [
        (ANN, ANN),
        ("Ann@Example.COM", ANN),
        ("ann@b\u00fccher.example", "ann@xn--bcher-kva.example"),
        ("ann@B\u00dcCHER.example", "ann@xn--bcher-kva.example"),
        ("ann+pay@example.com", "ann+pay@example.com"),
    ],
)
def test_spellings_of_one_mailbox_are_one_address(spelt, address):
    """Case, and the script of a domain; what may be another mailbox stays another address."""
    assert normalised(spelt) == address


@pytest.mark.parametrize(
    "spelt", ["ann@example.com\nBcc: eve@example.com", "ann@example.com ", "ann", "a@b.invalid", "a@@b.example"]
)
def test_what_is_none_is_refused(spelt):
    """And never quoted back as it came."""
    with pytest.raises(Refused) as refused:
        normalised(spelt)
    assert refused.value.refusal.detail.startswith("$.address: ")
    assert "eve" not in refused.value.refusal.detail


def test_a_body_is_fingerprinted_with_the_one_spelling():
    """So that a replay in another spelling is the same request."""
    decoder = AddressDecoder(SignIn)
    command, body = decoder.decode(b'{"address": "ANN@example.com"}')
    assert (command.address, body) == (ANN, b'{"address":"ann@example.com"}')
    assert decoder.decode(b'{"address":"ann@EXAMPLE.com"}')[1] == body
