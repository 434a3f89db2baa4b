"""What an operator asks about mail, and the runbook that asks it."""

import os
import subprocess
import sys

import msgspec
import pytest
from certified import authority
from click.testing import CliRunner
from gateway_process import WAIT_S, demo, running
from mail_server import mail_server
from queued_mail import queue_mail

from gateway.access.mail.delivery import MailCode
from gateway.cli import gateway
from gateway.clock import system_clock
from gateway.store.database import one_transaction
from gateway.store.migrations import migrate


def asked(*arguments, **environ):
    """Exit code and output of a command."""
    done = CliRunner().invoke(gateway, list(map(str, arguments)), env=environ)
    return done.exit_code, done.output.strip()


@pytest.mark.process
def test_the_check_goes_as_far_as_a_mail(tmp_path):
    """0 where mail leaves, 1 with the reason where it does not, by options and by variables; nothing is sent."""
    ca, tls = authority(tmp_path)
    with mail_server(starttls=tls) as server:
        smtp = ("--mail", "smtp", "--smtp", f"smtp://127.0.0.1:{server.port}", "--smtp-ca", ca, "--mail-from", "a@example.com")
        assert asked("mail-check", *smtp) == (0, "mail (smtp) leaves")
        by_variables = {"GONOGO_MAIL": "smtp", "GONOGO_SMTP": smtp[3], "GONOGO_SMTP_CA": str(ca), "GONOGO_MAIL_FROM": smtp[-1]}
        assert asked("mail-check", **by_variables) == (0, "mail (smtp) leaves")
        server.says["MAIL"] = "553 not yours"
        assert asked("mail-check", *smtp) == (1, "mail (smtp) does not leave: sender_refused")
        assert (server.mails, "RCPT" in server.commands) == ([], False)


@pytest.mark.process
@pytest.mark.parametrize("starts_with_tls", [False, True], ids=["starttls", "tls"])
def test_the_check_signs_in_and_names_a_login_that_is_refused(tmp_path, starts_with_tls):
    """1 and login_refused for a wrong password, without naming the sender or showing the password; 0 for the right one."""
    ca, tls = authority(tmp_path)
    scheme = "smtps" if starts_with_tls else "smtp"
    with mail_server(**{"tls" if starts_with_tls else "starttls": tls}, login=True) as server:
        where = f"{scheme}://gateway@127.0.0.1:{server.port}"
        smtp = ("--mail", "smtp", "--smtp", where, "--smtp-ca", ca, "--mail-from", "a@example.com")
        wrong = asked("mail-check", *smtp, GONOGO_SMTP_PASSWORD="hunter22")  # noqa: S106  # the server refuses it
        assert wrong == (1, "mail (smtp) does not leave: login_refused")
        assert (set(server.logins), "MAIL" in server.commands) == ({(b"gateway", b"hunter22")}, False)
        right = asked("mail-check", *smtp, GONOGO_SMTP_PASSWORD="let-me-in")  # noqa: S106  # the server's only one
        assert (right, "MAIL" in server.commands, server.mails) == ((0, "mail (smtp) leaves"), True, [])


def test_the_check_without_mail_says_what_that_means(tmp_path):
    """Mode none is a choice, and no mail leaves; options that do not fit are refused with 2."""
    assert asked("mail-check") == (1, "mail (none): nobody can sign in by a code")
    code, says = asked("mail-check", "--mail", "record", "--mail-folder", tmp_path / "mails")
    assert (code, "needs --dev" in says) == (1, True)


def test_the_outbox_counts_without_addresses(tmp_path):
    """By state and last code, as text and as JSON; an empty one says so."""
    db = tmp_path / "gateway.db"
    migrate(db)
    assert asked("outbox", "--db", db) == (0, "no mails")
    with one_transaction(db) as tx:
        for name in ("1", "2", "3"):
            queue_mail(tx, system_clock(), name, "ada@example.com")
        tx.access.mails.failed("mail_1", MailCode.MAIL_REFUSED)
    code, text = asked("outbox", "--db", db)
    assert code == 0
    assert [line.split()[:3] for line in text.splitlines()] == [["failed", "mail_refused", "1"], ["queued", "-", "2"]]
    lines = msgspec.json.decode(asked("outbox", "--db", db, "--format", "json")[1])
    assert [(line["state"], line["last_code"], line["mails"]) for line in lines] == [
        ("failed", "mail_refused", 1),
        ("queued", None, 2),
    ]
    assert "ada" not in text


def test_the_outbox_of_no_database_is_refused(tmp_path):
    """The problem names the file and the option, and makes no file."""
    code, says = asked("outbox", "--db", tmp_path / "no.db")
    assert (code, "--db" in says, list(tmp_path.iterdir())) == (1, True, [])


@pytest.mark.process
def test_the_runbook_runs_against_a_gateway_for_development(tmp_path, curl):
    """Every step of commands ends as the page says; the steps of persons are left out, so the end is a dry run (3)."""
    assert curl
    db, folder = tmp_path / "gateway.db", tmp_path / "mails"
    demo(db)
    mail = {"GONOGO_MAIL": "record", "GONOGO_MAIL_FOLDER": str(folder), "GONOGO_DEV": "1"}
    with running(db, "--dev", "--mail", "record", "--mail-folder", str(folder)) as process:
        own = {"GONOGO_BASE_URL": process.url, "GONOGO_DB": str(db), "GONOGO_HOME": str(tmp_path / "home")}
        argv = [sys.executable, "-P", "-m", "scorecards", "runbook", "run", "mail", "--yes", "--no-evidence"]
        done = subprocess.run(
            argv, env={**os.environ, **own, **mail}, capture_output=True, text=True, timeout=3 * WAIT_S, check=False
        )
    assert done.returncode == 3, done.stdout + done.stderr
    assert "no mail waits" in done.stdout + done.stderr
