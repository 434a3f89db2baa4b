"""A gateway process that sends mail: over TLS, outside of requests, with a health that everybody may read."""

import os
import re
import signal
import socket
from contextlib import contextmanager

import httpx
import pytest
from certified import authority
from click.testing import CliRunner
from gateway_process import WAIT_S, demo, running
from mail_server import CODE, mail_server
from prometheus_client.parser import text_string_to_metric_families
from queued_mail import queue_mail
from waiting import eventually

from gateway.access_key import read_access_key
from gateway.cli import gateway
from gateway.clock import system_clock
from gateway.store.database import one_transaction

pytestmark = [pytest.mark.process, pytest.mark.each_python]

ADDRESS = "ada.lovelace@example.com"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """The authority's file and a server's settings that it vouches for."""
    return authority(tmp_path_factory.mktemp("authority"))


@contextmanager
def mailing(tmp_path, certificates, port, *options):
    """A gateway that mails through this port."""
    db = tmp_path / "gateway.db"
    demo(db)
    smtp = ("--mail", "smtp", "--smtp", f"smtp://127.0.0.1:{port}", "--smtp-ca", str(certificates[0]))
    with running(db, *smtp, "--mail-from", "gateway@example.com", *options) as process:
        yield process, db


def queue(db, name):
    """Queue a mail, as a sign-in does."""
    with one_transaction(db) as tx:
        return queue_mail(tx, system_clock(), name, ADDRESS)


def figures(process):
    """The metrics about mail, by name and mode."""
    families = text_string_to_metric_families(httpx.get(f"{process.url}/metrics").text)
    samples = [item for family in families for item in family.samples if "_mail" in item.name]
    return {(item.name, *item.labels.values()): int(item.value) for item in samples}


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_mail_is_sent_and_counted(tmp_path, certificates, processes):
    """In one process and in two; readyz and the metrics name the mode, and neither log nor metrics hold address or code."""
    with (
        mail_server(starttls=certificates[1]) as server,
        mailing(tmp_path, certificates, server.port, "--processes", processes) as (process, db),
    ):
        assert httpx.get(f"{process.url}/readyz").json() == {"status": "ready", "mail": "smtp"}
        sign_in_id = queue(db, "1")
        assert eventually(lambda: server.mails, WAIT_S)
        assert eventually(lambda: figures(process)["gateway_mails_sent_total",] == 1, WAIT_S)
        code = read_access_key(db.with_name("gateway.db.access.key")).code(sign_in_id)
        assert re.findall(CODE, server.texts()[0]) == [code]
        shown = figures(process)
        metrics = httpx.get(f"{process.url}/metrics").text
    expected = {("gateway_mail_mode", mode): int(mode == "smtp") for mode in ("smtp", "record", "log", "none")}
    expected |= {("gateway_mail_tries_total",): 1, ("gateway_mails_sent_total",): 1, ("gateway_mails_failed_total",): 0}
    assert shown == expected | {("gateway_mail_healthy",): 1}
    for text in (metrics, process.errors.read_text()):
        assert ADDRESS.partition("@")[0] not in text
        assert code not in text


def test_an_outage_is_seen_and_ends_by_itself(tmp_path, certificates):
    """Nobody listens: the health says so from the start. The server comes: the next probe finds it, and what waited leaves."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with mailing(tmp_path, certificates, port) as (process, db):
        assert eventually(lambda: figures(process)["gateway_mail_healthy",] == 0, WAIT_S)
        queue(db, "1")
        with mail_server(starttls=certificates[1], port=port) as server:
            assert eventually(lambda: server.mails, WAIT_S)
            assert eventually(lambda: figures(process)["gateway_mail_healthy",] == 1, WAIT_S)
            assert eventually(lambda: figures(process)["gateway_mails_sent_total",] == 1, WAIT_S)
            assert figures(process)["gateway_mail_tries_total",] == 1
        os.kill(process.process.pid, signal.SIGTERM)
        assert process.wait() == 0
    messages = [line["message"] for line in process.log() if "mail (" in str(line.get("message"))]
    assert messages[:2] == ["mail (smtp) does not leave: unreachable", "mail (smtp) leaves again"]


def test_a_stalling_server_holds_up_neither_requests_nor_the_end(tmp_path, certificates):
    """While a mail hangs the gateway answers, and a signal ends it at once; the mail stays in the outbox."""
    with mail_server(starttls=certificates[1]) as server, mailing(tmp_path, certificates, server.port) as (process, db):
        server.says["DATA"] = "stall"
        queue(db, "1")
        assert eventually(lambda: "DATA" in server.commands, WAIT_S)
        assert httpx.get(f"{process.url}/readyz").status_code == 200
        os.kill(process.process.pid, signal.SIGTERM)
        assert process.wait() == 0
        with one_transaction(db) as tx:
            mail = tx.access.mails.find("mail_1")
    assert (mail.state, mail.tries) == ("queued", 1)


def test_record_writes_what_smtp_sends(tmp_path):
    """A developer reads the code in a file of a private folder."""
    db, folder = tmp_path / "gateway.db", tmp_path / "mails"
    demo(db)
    with running(db, "--dev", "--mail", "record", "--mail-folder", str(folder)) as process:
        sign_in_id = queue(db, "1")
        assert eventually(lambda: list(folder.glob("*.eml")), WAIT_S)
        assert httpx.get(f"{process.url}/readyz").json()["mail"] == "record"
    code = read_access_key(db.with_name("gateway.db.access.key")).code(sign_in_id)
    assert re.findall(CODE, (folder / "mail_1.eml").read_text()) == [code]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--mail", "log"), "needs --dev"),
        (("--dev", "--mail", "log", "--host", "0.0.0.0"), "needs a loopback address"),  # noqa: S104  # it must be refused
        (("--dev", "--mail", "record"), "--mail-folder DIR"),
        (("--mail", "smtp"), "--mail-from"),
        (("--mail", "smtp", "--mail-from", "a@example.com"), "--smtp URL"),
        (("--public-url", "https://pay.example.com/path"), "--public-url"),
        (("--public-url", "http://pay.example.com"), "in the clear"),
        (("--public-url", "ftp://pay.example.com"), "--public-url"),
        (("--trusted-proxy", "10.0.0.0/33"), "--trusted-proxy"),
    ],
)
def test_a_gateway_that_would_show_codes_does_not_start(tmp_path, options, says):
    """The start ends with the option in its text, before a database is made."""
    done = CliRunner().invoke(
        gateway, ["serve", "--port", "0", "--processes", "1", "--db", str(tmp_path / "gateway.db"), *options]
    )
    assert (done.exit_code, isinstance(done.exception, SystemExit)) == (1, True)
    assert says in done.output
    assert not list(tmp_path.iterdir())
