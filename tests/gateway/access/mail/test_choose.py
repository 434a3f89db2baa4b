"""Which delivery the options describe, and that each mistake is refused before anything is opened."""

import asyncio
from ipaddress import ip_network
from pathlib import Path

import msgspec
import pytest
from certified import authority

from gateway.access.mail.choose import open_delivery
from gateway.access.mail.practice import LogDelivery, RecordDelivery
from gateway.access.mail.smtp import SmtpDelivery
from gateway.engine.engine import Engine
from gateway.errors import StartProblem
from gateway.mailing import NO_MAIL, MailMode, MailSettings
from gateway.settings import Settings

SERVER = "smtp://gateway@mail.example.com"
FROM = "gateway@example.com"


def settings(mode="smtp", *, dev=False, host="127.0.0.1", public_url=None, trusted_proxies=(), db=Path("gateway.db"), **mail):
    """Settings with this mail."""
    made = MailSettings(mode=MailMode(mode), **mail)
    return Settings(db, host, mail=made, dev=dev, public_url=public_url, trusted_proxies=trusted_proxies)


def smtp(**changes):
    """Settings with a mail server that could be used."""
    return settings(**({"smtp": SERVER, "sender": FROM, "password": "secret-word"} | changes))


def server_of(**changes):
    """What the SMTP delivery of these settings dials."""
    return open_delivery(smtp(**changes))._server


def test_each_mode_has_its_delivery(tmp_path):
    """And without mail there is none."""
    assert open_delivery(Settings(Path("gateway.db"))) is None
    assert isinstance(open_delivery(smtp()), SmtpDelivery)
    assert isinstance(open_delivery(settings("log", dev=True)), LogDelivery)
    assert isinstance(open_delivery(settings("record", dev=True, folder=tmp_path / "mails")), RecordDelivery)


def test_the_url_says_how_tls_begins_where_and_as_whom():
    """Without a port it is the scheme's: 587 with STARTTLS, 465 with TLS at once."""
    found = server_of()
    assert (found.host, found.port, found.starts_with_tls, found.user) == ("mail.example.com", 587, False, "gateway")
    found = server_of(smtp="smtps://post%40example.com@10.0.0.1:2465")
    assert (found.host, found.port, found.starts_with_tls, found.user) == ("10.0.0.1", 2465, True, "post@example.com")
    assert server_of(smtp="smtps://mail.example.com", password=None).port == 465


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"smtp": None}, "--smtp URL"),
        ({"smtp": "http://mail.example.com"}, "smtps://USER@HOST:465"),
        ({"smtp": "smtp://"}, "smtps://USER@HOST:465"),
        ({"smtp": "smtp://mail.example.com:port"}, "smtps://USER@HOST:465"),
        ({"smtp": "smtp://mail.example.com:99999"}, "smtps://USER@HOST:465"),
        ({"smtp": "smtp://mail.example.com/path"}, "smtps://USER@HOST:465"),
        ({"smtp": "smtp://gateway:hunter2@mail.example.com"}, "GONOGO_SMTP_PASSWORD"),
        ({"password": None}, "GONOGO_SMTP_PASSWORD"),
        ({"smtp": "smtp://mail.example.com"}, "names no user"),
        ({"sender": None}, "--mail-from"),
        ({"sender": "gateway\r\nBcc: x@y"}, "--mail-from"),
        ({"ca": Path("no/such.pem")}, "no/such.pem: No such file"),
        ({"ca": Path(__file__)}, "not certificates in PEM"),
        ({"folder": Path("mails")}, "--mail-folder belongs to --mail record"),
    ],
)
def test_a_mail_server_that_cannot_be_used_is_refused_at_the_start(changes, says):
    """The problem names the option and what to write, and never a password."""
    with pytest.raises(StartProblem, match=says) as refused:
        open_delivery(smtp(**changes))
    assert "hunter2" not in str(refused.value)
    assert "secret-word" not in str(refused.value)


@pytest.mark.parametrize("mode", ["record", "log"])
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"dev": False}, "needs --dev"),
        ({"host": "0.0.0.0"}, "0.0.0.0 is none"),  # noqa: S104  # an address that must be refused
        ({"host": "192.168.1.4"}, "192.168.1.4 is none"),
        ({"host": "::"}, ":: is none"),
        ({"host": "pay.example.com"}, "pay.example.com is none"),
        ({"public_url": "https://pay.example.com"}, "https://pay.example.com"),
        ({"trusted_proxies": (ip_network("10.0.0.0/8"),)}, "--trusted-proxy"),
        ({"smtp": SERVER}, "--smtp belongs to --mail smtp"),
    ],
)
def test_practice_mail_is_for_this_machine_alone(tmp_path, mode, changes, says):
    """Record and log need --dev, a loopback address, a loopback URL and no proxy: else somebody else could sign in."""
    folder = {"folder": tmp_path / "mails"} if mode == "record" else {}
    with pytest.raises(StartProblem, match=says):
        open_delivery(settings(mode, **({"dev": True} | folder | changes)))
    assert not (tmp_path / "mails").exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_practice_mail_works_on_each_loopback_address(host):
    """Both families, and the name."""
    assert isinstance(open_delivery(settings("log", dev=True, host=host)), LogDelivery)


def test_record_needs_a_folder():
    """The problem names the option."""
    with pytest.raises(StartProblem, match="--mail-folder DIR"):
        open_delivery(settings("record", dev=True))


def test_an_engine_that_cannot_send_mail_opens_nothing(tmp_path):
    """The settings are checked before the database is made."""
    with pytest.raises(StartProblem, match="needs --dev"):
        Engine.open(settings("log", db=tmp_path / "gateway.db"))
    assert not list(tmp_path.iterdir())


def test_only_the_named_authority_is_trusted(tmp_path):
    """With --smtp-ca the system's own authorities count for nothing, and no protocol below TLS 1.2 is spoken."""
    ca, _ = authority(tmp_path)
    context = open_delivery(smtp(ca=ca))._context
    assert len(context.get_ca_certs()) == 1
    assert (context.check_hostname, context.verify_mode.name, context.minimum_version.name) == (True, "CERT_REQUIRED", "TLSv1_2")


def test_without_mail_the_engine_says_so(tmp_path):
    """Nobody can sign in by a code, and nothing is counted."""
    engine = Engine.open(Settings(tmp_path / "gateway.db"))
    assert engine.mail == NO_MAIL
    assert msgspec.to_builtins(engine.mail_counts) == {"tries": 0, "sent": 0, "failed": 0}
    asyncio.run(engine.drain())
