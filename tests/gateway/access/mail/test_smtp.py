"""Delivery by SMTP against a real server: TLS is verified, each failure has its meaning, and no try is longer than its limit."""

import datetime as dt
import re
import socket
import ssl
import threading
from contextlib import contextmanager

import pytest
import uvloop
from certified import authority
from mail_server import CODE, DIE, STALL, mail_server

from gateway.access.mail.delivery import MailCode, Outcome
from gateway.access.mail.message import Wanted, compose
from gateway.access.mail.smtp import SmtpDelivery, SmtpServer

pytestmark = pytest.mark.process

SENDER = "gateway@example.com"
NOW = dt.datetime(2026, 12, 1, 9, 0, tzinfo=dt.UTC)
WANTED = Wanted("mail_1", "ada@example.com", "sign_in", "12345678", NOW + dt.timedelta(minutes=10))
MAIL = compose(WANTED, SENDER, NOW)
SHORT_S = 0.3
RIGHT = "let-me-in"  # the server's only password


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """The authority's file and a server's settings that it vouches for."""
    return authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def server(certificates):
    """A server that offers STARTTLS."""
    with mail_server(starttls=certificates[1]) as made:
        yield made


def delivery(port, ca, *, tls=False, host="127.0.0.1", timeout_s=10.0, user=None, password=None):
    """A delivery to the server."""
    where = SmtpServer(host, port, tls, user, password)
    return SmtpDelivery(where, SENDER, ssl.create_default_context(cafile=ca), timeout_s)


def sent(made):
    """What came of one mail, in the event loop that the gateway uses."""
    done = uvloop.run(made.send(MAIL))
    return done.outcome, done.code


def test_a_mail_leaves_over_starttls_and_holds_the_code(server, certificates):
    """The server gets sender, one recipient and the code, over TLS that a private authority vouches for."""
    assert sent(delivery(server.port, certificates[0])) == (Outcome.SENT, MailCode.ACCEPTED)
    [(sender, recipients, _)] = server.mails
    assert (sender, recipients, server.over_tls) == (SENDER, ["ada@example.com"], [True])
    assert re.findall(CODE, server.texts()[0]) == ["12345678"]


def test_a_mail_leaves_over_tls_from_the_first_byte(certificates):
    """The same with a server that begins with TLS and wants a login."""
    with mail_server(tls=certificates[1], login=True) as server:
        made = delivery(server.port, certificates[0], tls=True, user="gateway", password=RIGHT)
        assert sent(made) == (Outcome.SENT, MailCode.ACCEPTED)
        assert (server.logins, server.over_tls) == ([(b"gateway", RIGHT.encode())], [True])


def test_a_login_is_sent_over_tls_and_a_wrong_one_is_about_all_mails(certificates):
    """A refused password means that the server cannot be used, and no address is named to it."""
    with mail_server(starttls=certificates[1], login=True) as server:
        made = delivery(server.port, certificates[0], user="gateway", password="no" + RIGHT)
        assert sent(made) == (Outcome.DOWN, MailCode.LOGIN_REFUSED)
        assert "RCPT" not in server.commands


@pytest.mark.parametrize("tls", [False, True], ids=["starttls", "tls"])
def test_a_certificate_of_another_authority_is_refused(tmp_path, certificates, tls):
    """Nothing is said to a server whose certificate the named authority does not vouch for."""
    other, _ = authority(tmp_path)
    with mail_server(**{"tls" if tls else "starttls": certificates[1]}) as server:
        assert sent(delivery(server.port, other, tls=tls)) == (Outcome.DOWN, MailCode.TLS_UNTRUSTED)
        assert not {"MAIL", "RCPT", "DATA"} & set(server.commands)


def test_a_certificate_for_another_name_is_refused(server, certificates):
    """The certificate is for the loopback addresses, so the name localhost is not proven by it."""
    assert sent(delivery(server.port, certificates[0], host="localhost")) == (Outcome.DOWN, MailCode.TLS_UNTRUSTED)
    assert "MAIL" not in server.commands


def test_a_server_without_tls_gets_no_mail(certificates):
    """A server, or somebody in between, that offers no STARTTLS is told neither an address nor a code."""
    with mail_server() as server:
        assert sent(delivery(server.port, certificates[0])) == (Outcome.DOWN, MailCode.TLS_MISSING)
        assert not {"MAIL", "RCPT", "DATA"} & set(server.commands)


@pytest.mark.parametrize("command", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_a_server_that_stalls_is_cut_off(server, certificates, command):
    """At whatever command it stops to answer, the try ends at its limit and is about all mails."""
    server.says[command] = STALL
    assert sent(delivery(server.port, certificates[0], timeout_s=SHORT_S)) == (Outcome.DOWN, MailCode.TIMEOUT)


@pytest.mark.parametrize("command", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_a_server_that_dies_in_the_middle_is_tried_again(server, certificates, command):
    """A lost connection is no delivery, at whatever command it is lost."""
    server.says[command] = DIE
    assert sent(delivery(server.port, certificates[0])) == (Outcome.DOWN, MailCode.CLOSED)
    server.says.clear()
    assert sent(delivery(server.port, certificates[0])) == (Outcome.SENT, MailCode.ACCEPTED)


@pytest.mark.parametrize(
    ("command", "answer", "outcome", "code"),
    [
        ("RCPT", "450 4.2.1 greylisted", Outcome.LATER, MailCode.MAIL_REFUSED),
        ("RCPT", "550 5.1.1 no such user", Outcome.REFUSED, MailCode.MAIL_REFUSED),
        ("RCPT", "421 4.3.2 closing", Outcome.DOWN, MailCode.SERVER_REFUSED),
        ("DATA", "452 4.3.1 no room", Outcome.LATER, MailCode.MAIL_REFUSED),
        ("DATA", "554 5.7.1 looks like spam", Outcome.REFUSED, MailCode.MAIL_REFUSED),
        ("DATA", "421 4.3.2 closing", Outcome.DOWN, MailCode.SERVER_REFUSED),
        ("MAIL", "451 4.3.0 try later", Outcome.DOWN, MailCode.SENDER_REFUSED),
        ("MAIL", "553 5.7.1 not your address", Outcome.DOWN, MailCode.SENDER_REFUSED),
    ],
)
def test_a_refusal_is_about_one_mail_or_about_all(server, certificates, command, answer, outcome, code):
    """4xx for a recipient or a content is tried again and 5xx is not; what a server says before is about all mails."""
    server.says[command] = answer
    assert sent(delivery(server.port, certificates[0])) == (outcome, code)


@pytest.mark.parametrize("lie", ["keeps", "hangs_up"])
def test_a_server_that_accepts_is_believed(server, certificates, lie):
    """Whether it loses the mail or hangs up right after it accepted: a second mail would be no better."""
    server.keeps, server.hangs_up = lie != "keeps", lie == "hangs_up"
    assert sent(delivery(server.port, certificates[0])) == (Outcome.SENT, MailCode.ACCEPTED)
    assert len(server.mails) == (lie == "hangs_up")


def test_a_probe_goes_as_far_as_a_mail_and_sends_none(server, certificates):
    """The probe signs in and names the sender; no recipient is named, and a server that refuses the sender is down."""
    made = delivery(server.port, certificates[0])
    assert uvloop.run(made.probe()).outcome is Outcome.SENT
    assert (server.commands, server.mails) == (["EHLO", "EHLO", "MAIL"], [])
    server.says["MAIL"] = "553 5.7.1 not your address"
    assert uvloop.run(made.probe()).code is MailCode.SENDER_REFUSED


def test_nobody_listening_is_about_all_mails(certificates):
    """A port that nobody listens on is an outage."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert sent(delivery(port, certificates[0])) == (Outcome.DOWN, MailCode.UNREACHABLE)


@contextmanager
def talking(*pieces):
    """A server that sends these bytes to whoever connects, and reads nothing; it hangs up when its client has."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk():
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(10)
                try:
                    for piece in pieces:
                        connection.sendall(piece)
                    while connection.recv(4096):
                        pass
                except OSError:
                    pass

        thread = threading.Thread(target=talk)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    ("pieces", "code"),
    [
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), MailCode.NOT_SMTP),
        ((b"220-" + b"x" * 65_536,), MailCode.NOT_SMTP),
        ((b"554 5.3.2 no service\r\n",), MailCode.SERVER_REFUSED),
        ((b"220 mail.test\r\n", b"250 OK\r\n", b"220 go ahead\r\n", b"250 STARTTLS injected\r\n"), None),
        ((), MailCode.TIMEOUT),
    ],
    ids=["http", "endless", "refuses", "injects", "silent"],
)
def test_what_is_no_mail_server_is_an_outage(certificates, pieces, code):
    """Another protocol, an endless answer, a refusal, answers ahead of the question and silence: none of them gets a mail."""
    with talking(*pieces) as port:
        outcome, found = sent(delivery(port, certificates[0], timeout_s=SHORT_S if code in (None, MailCode.TIMEOUT) else 10.0))
    assert outcome is Outcome.DOWN
    assert code in (None, found)
