"""Delivery for practice, on this machine alone: mails as files in a private folder, or as lines of the log."""

import logging
import os
import stat
from pathlib import Path

from gateway.access.mail.delivery import SENT, Delivered, MailCode, Outcome
from gateway.access.mail.message import Mail
from gateway.errors import StartProblem

_log = logging.getLogger(__name__)


class RecordDelivery:
    """Writes each mail into a folder with mode 0700, as MAIL_ID.eml with mode 0600. A second try replaces the first file."""

    def __init__(self, folder: Path) -> None:
        """Make the folder where there is none. Raises StartProblem where others may read it, or it cannot be made."""
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            mode = folder.stat().st_mode
        except OSError as error:
            raise StartProblem(
                f"{folder}: cannot be the folder for mails: {error.strerror}; name another with --mail-folder"
            ) from None
        if stat.S_IMODE(mode) & 0o077:
            raise StartProblem(f"{folder}: others may read this folder, and mails hold codes; run: chmod 700 {folder}")

    async def send(self, mail: Mail) -> Delivered:
        """Write the file, whole or not at all."""
        part = self._folder / f"{mail.mail_id}.part"
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
                file.write(mail.content)
            part.replace(part.with_suffix(".eml"))
        except OSError:
            return Delivered(Outcome.DOWN, MailCode.NOT_WRITTEN)
        return SENT

    async def probe(self) -> Delivered:
        """Write a file and remove it again."""
        part = self._folder / "probe.part"
        try:
            part.write_bytes(b"gonogo")
            part.unlink()
        except OSError:
            return Delivered(Outcome.DOWN, MailCode.NOT_WRITTEN)
        return SENT


class LogDelivery:
    """Writes address and code into the log, which is why it is for practice alone."""

    async def send(self, mail: Mail) -> Delivered:
        """One warning, with the whole mail."""
        _log.warning("practice mail to %s: %s", mail.recipient, mail.content.decode("ascii").replace("\r\n", " | "))
        return SENT

    async def probe(self) -> Delivered:
        """The log is always there."""
        return SENT
