"""Delivery by an SMTP server: always over TLS with a verified certificate, and never longer than the time limit."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Iterator
from typing import cast

import msgspec
from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from gateway.access.mail.delivery import SENT, Delivered, MailCode, Outcome
from gateway.access.mail.message import Mail

TIMEOUT_S = 10.0
"""How long one try may take, from the connection to the server's last word."""

_CLOSING = 421
"""The server closes the connection, whatever the request was: that is about all mails."""


class NoTls(Exception):
    """The server, or somebody on the way to it, offers no TLS."""


class SmtpServer(msgspec.Struct, frozen=True):
    """Where mails go. `tls` is how the connection begins: with TLS at once, or with STARTTLS after the greeting."""

    host: str
    port: int
    starts_with_tls: bool
    user: str | None = None
    password: str | None = None


class SmtpDelivery:
    """Sends each mail on a connection of its own; `context` decides which certificates are trusted.

    The work is done in the event loop, in small steps: a server that stalls holds up nothing, and a try that is over its
    time is cut off wherever it stands.
    """

    def __init__(self, server: SmtpServer, sender: str, context: ssl.SSLContext, timeout_s: float = TIMEOUT_S) -> None:
        self._server, self._sender, self._context, self._timeout_s = server, sender, context, timeout_s

    async def send(self, mail: Mail) -> Delivered:
        """Hand the mail over. An unclear end counts as not sent: the second mail would carry the same code."""

        async def transact(client: SMTP) -> None:
            await client.mail(mail.sender)
            await client.rcpt(mail.recipient)
            await client.data(mail.content)

        return await self._tried(transact)

    async def probe(self) -> Delivered:
        """Connect, begin TLS, sign in and name the sender; then go away without a mail."""

        async def ask(client: SMTP) -> None:
            await client.mail(self._sender)

        return await self._tried(ask)

    async def _tried(self, transact: Callable[[SMTP], Awaitable[None]]) -> Delivered:
        server = self._server
        client = SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=self._sender.rpartition("@")[2],
            timeout=None,  # one limit for all of it, below
            use_tls=server.starts_with_tls,
            start_tls=False,
            tls_context=self._context,
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._transacted(client, transact)
        except (SMTPException, OSError, ValueError, NoTls) as error:
            return classified(error)
        return SENT

    async def _transacted(self, client: SMTP, transact: Callable[[SMTP], Awaitable[None]]) -> None:
        """One session. Whatever its end, the connection is cut: a server that lingers keeps nothing of ours open."""
        open_: list[asyncio.WriteTransport] = []
        try:
            await client.connect()
            open_.append(_transport(client))
            await client.ehlo()
            if not self._server.starts_with_tls:
                if not client.supports_extension("starttls"):
                    raise NoTls
                await client.starttls()
                open_.insert(0, _transport(client))  # the one inside is cut first
                await client.ehlo()
            if self._server.user is not None:
                await client.login(self._server.user, self._server.password or "")
            await transact(client)
            with contextlib.suppress(SMTPException, OSError):  # the mail is the server's by now
                await client.quit()
        finally:
            for transport in open_:
                transport.abort()
            client.close()


def _transport(client: SMTP) -> asyncio.WriteTransport:
    if client.transport is None:
        raise SMTPServerDisconnected("Connection lost")
    return cast("asyncio.WriteTransport", client.transport)


def classified(error: Exception) -> Delivered:
    """What a failed try means."""
    causes = tuple(_causes(error))
    refused = next((item for item in causes if isinstance(item, SMTPRecipientRefused | SMTPDataError)), None)
    if refused is not None and refused.code != _CLOSING:
        if refused.code < 0:
            return Delivered(Outcome.DOWN, MailCode.NOT_SMTP)
        return Delivered(Outcome.LATER if refused.code < 500 else Outcome.REFUSED, MailCode.MAIL_REFUSED)
    return Delivered(Outcome.DOWN, _down(causes))


_DOWN: tuple[tuple[type[BaseException], MailCode], ...] = (
    (ssl.SSLCertVerificationError, MailCode.TLS_UNTRUSTED),
    (ssl.SSLError, MailCode.TLS_FAILED),
    (TimeoutError, MailCode.TIMEOUT),
    (SMTPAuthenticationError, MailCode.LOGIN_REFUSED),
    (SMTPSenderRefused, MailCode.SENDER_REFUSED),
    (NoTls, MailCode.TLS_MISSING),
    (SMTPServerDisconnected, MailCode.CLOSED),
    (SMTPResponseException, MailCode.SERVER_REFUSED),
    (ConnectionResetError, MailCode.CLOSED),
    (OSError, MailCode.UNREACHABLE),
)
"""The first row that fits an error, or what caused it, names the reason."""


def _down(causes: tuple[BaseException, ...]) -> MailCode:
    for kind, code in _DOWN:
        for error in causes:
            if isinstance(error, kind):
                return MailCode.NOT_SMTP if isinstance(error, SMTPResponseException) and error.code < 0 else code
    return MailCode.NOT_SMTP


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
