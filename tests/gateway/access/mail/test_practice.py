"""Mails for practice: files and log lines that only this machine's user can read."""

import asyncio
import logging
import os

import pytest

from gateway.access.mail.delivery import SENT, MailCode, Outcome
from gateway.access.mail.message import Mail
from gateway.access.mail.practice import LogDelivery, RecordDelivery
from gateway.errors import StartProblem

MAIL = Mail("mail_1", "gateway@example.com", "ada@example.com", b"To: ada@example.com\r\n\r\n    12345678\r\n")


def mode(path):
    """The permission bits."""
    return path.stat().st_mode & 0o777


def test_a_recorded_mail_is_a_private_file_in_a_private_folder(tmp_path):
    """0700 and 0600, whatever the umask is, and a second try is the same file."""
    before = os.umask(0)
    try:
        delivery = RecordDelivery(tmp_path / "deep" / "mails")
        assert [asyncio.run(delivery.send(MAIL)) for _ in range(2)] == [SENT, SENT]
    finally:
        os.umask(before)
    [file] = (tmp_path / "deep" / "mails").iterdir()
    assert (mode(file.parent), mode(file), file.read_bytes()) == (0o700, 0o600, MAIL.content)


def test_a_folder_that_others_may_read_is_refused(tmp_path):
    """The problem names the folder and the command that closes it."""
    folder = tmp_path / "mails"
    folder.mkdir(mode=0o755)
    with pytest.raises(StartProblem, match=f"chmod 700 {folder}"):
        RecordDelivery(folder)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    """A file in the place of a folder is named."""
    (tmp_path / "file").touch()
    with pytest.raises(StartProblem, match="--mail-folder"):
        RecordDelivery(tmp_path / "file" / "mails")


def test_no_mail_is_written_through_a_link(tmp_path):
    """A link in the place of the file would write a code into somebody else's file."""
    delivery = RecordDelivery(tmp_path / "mails")
    (tmp_path / "mails" / "mail_1.part").symlink_to(tmp_path / "elsewhere")
    assert asyncio.run(delivery.send(MAIL)).code is MailCode.NOT_WRITTEN
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_went_away_is_an_outage_until_it_is_back(tmp_path):
    """Both a mail and a probe say so; afterwards both work again."""
    folder = tmp_path / "mails"
    delivery = RecordDelivery(folder)
    folder.rmdir()
    assert {asyncio.run(delivery.send(MAIL)).outcome, asyncio.run(delivery.probe()).outcome} == {Outcome.DOWN}
    folder.mkdir(mode=0o700)
    assert {asyncio.run(delivery.send(MAIL)), asyncio.run(delivery.probe())} == {SENT}
    assert [path.name for path in folder.iterdir()] == ["mail_1.eml"]


def test_the_log_shows_address_and_code_on_one_line(caplog):
    """That is what this mode is for, and why it needs --dev."""
    with caplog.at_level(logging.WARNING):
        assert {asyncio.run(LogDelivery().send(MAIL)), asyncio.run(LogDelivery().probe())} == {SENT}
    assert [record.getMessage() for record in caplog.records] == [
        "practice mail to ada@example.com: To: ada@example.com |  |     12345678 | "
    ]
