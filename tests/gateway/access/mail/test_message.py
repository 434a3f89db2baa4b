"""The mail with a code: what it holds, and that no value can add to it."""

import datetime as dt
import re
from email import message_from_bytes
from email.policy import default

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.mail.message import BadAddress, Wanted, compose

NOW = dt.datetime(2026, 12, 1, 9, 0, tzinfo=dt.UTC)
WANTED = Wanted("mail_1", "ada+test@example.com", "sign_in", "04712345", NOW + dt.timedelta(minutes=10))
HEADERS = {
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "Content-Type",
    "Content-Transfer-Encoding",
    "MIME-Version",
}


def read(wanted=WANTED, sender="gateway@example.com"):
    """The mail, as a mail program reads it."""
    return message_from_bytes(compose(wanted, sender, NOW).content, policy=default)


def test_a_mail_says_the_code_and_how_long_it_lasts():
    """Plain text with the code on a line of its own, and the time at which it ends, with its zone."""
    message = read()
    text = message.get_content().replace("\r\n", "\n")
    assert message.get_content_type() == "text/plain"
    assert "\n    04712345\n" in text
    assert "09:10 UTC on 01 December 2026" in text
    assert (message["to"], message["from"]) == ("ada+test@example.com", "gateway@example.com")


@pytest.mark.parametrize("kind", ["sign_in", "step_up", "address", "of_a_later_release"])
def test_no_mail_has_a_link_or_a_code_outside_of_its_body(kind):
    """Links teach people to follow links, and a subject is shown on locked screens and kept in the logs of mail servers."""
    content = compose(msgspec.structs.replace(WANTED, kind=kind), "gateway@example.com", NOW).content.decode()
    head, _, body = content.partition("\r\n\r\n")
    assert not re.search(r"https?:|www\.|<a\b|://", content)
    assert WANTED.code not in head
    assert body.count(WANTED.code) == 1


def test_the_same_request_gives_the_same_mail():
    """A second try has the same Message-ID, so that a mail program can show one mail."""
    assert compose(WANTED, "gateway@example.com", NOW) == compose(WANTED, "gateway@example.com", NOW)
    assert read()["message-id"] == "<mail_1@example.com>"


BAD = [
    "", "ada", "ada@", "@example.com", "ada@example.com\r\nBcc: eve@example.com", "ada@example.com\nX: y", "ada@example.com\r",
    "ada@example.com\x00", "ada@example.com>", "<ada@example.com>", "ada@example.com, eve@example.com", "ada@@example.com",
    "ada@example.com SIZE=1", "ada lovelace@example.com", "adá@example.com", "ada@exämple.com", "ada@example.com\u2028",
    "a" * 250 + "@example.com", "ada@example.com;eve@example.com", "ada@example..com\r\n.\r\nMAIL FROM:<x@y>",
]  # fmt: skip


@pytest.mark.parametrize("address", BAD)
@pytest.mark.parametrize("side", ["recipient", "sender"])
def test_an_address_that_could_add_a_line_is_refused(address, side):
    """Line breaks, brackets, lists, spaces and what is not ASCII are refused, and the refusal does not repeat them."""
    recipient, sender = (WANTED.address, address) if side == "sender" else (address, "gateway@example.com")
    with pytest.raises(BadAddress) as refused:
        compose(msgspec.structs.replace(WANTED, address=recipient), sender, NOW)
    assert not address or address not in str(refused.value)


@given(st.text(max_size=40), st.sampled_from(["", "@example.com", "@b"]))
def test_no_address_adds_a_header_or_a_recipient(text, domain):
    """Whatever is tried as an address: it is refused, or the mail has exactly its own headers and this one recipient."""
    address = text + domain
    try:
        message = read(msgspec.structs.replace(WANTED, address=address))
    except BadAddress:
        return
    assert set(message.keys()) == HEADERS
    assert [item.addr_spec for item in message["to"].addresses] == [address]
