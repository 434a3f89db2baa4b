"""A real SMTP server in a thread, which can be told to stall, refuse, lie or die at any command."""

import asyncio
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from ssl import SSLContext

from aiosmtpd.smtp import SMTP, AuthResult

CODE = r"(?m)^    ([0-9]{8})\r?$"
"""Where a code stands in a mail."""

STALL, DIE = "stall", "die"


@dataclass
class MailServer:
    """What the server does, which may be changed at any time, and what it received.

    `says` maps a command (EHLO, MAIL, RCPT, DATA) to an answer of its own, to `stall` or to `die`. `keeps` is false for one that
    accepts mails and loses them; `hangs_up` for one that closes the connection after it accepted.
    """

    port: int = 0
    says: dict[str, str] = field(default_factory=dict)
    keeps: bool = True
    hangs_up: bool = False
    mails: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)

    def texts(self) -> list[str]:
        """The bodies of the mails that were kept."""
        return [message_from_bytes(content, policy=default).get_content() for _, _, content in self.mails]


class _Handler:
    """Answers each command as the server was told."""

    def __init__(self, told: MailServer) -> None:
        self.told = told
        self.released = asyncio.Event()
        self.transports: set[asyncio.Transport] = set()

    async def _said(self, command: str, server: SMTP) -> str | None:
        self.told.commands.append(command)
        says = self.told.says.get(command)
        if says == STALL:
            await self.released.wait()
        if says == DIE:
            server.transport.abort()
        return "421 4.3.0 ending" if says in (STALL, DIE) else says

    async def handle_EHLO(self, server, session, _envelope, hostname, responses):  # noqa: N802  # the library's name
        session.host_name = hostname
        says = await self._said("EHLO", server)
        return [says] if says else responses

    async def handle_MAIL(self, server, _session, envelope, address, _options):  # noqa: N802  # the library's name
        says = await self._said("MAIL", server)
        envelope.mail_from = address
        return says or "250 OK"

    async def handle_RCPT(self, server, _session, envelope, address, _options):  # noqa: N802  # the library's name
        says = await self._said("RCPT", server)
        if says is None:
            envelope.rcpt_tos.append(address)
        return says or "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # the library's name
        says = await self._said("DATA", server)
        if says is None:
            self.told.over_tls.append(session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None)
            if self.told.keeps:
                self.told.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        return says or "250 accepted"


class _Server(SMTP):
    """The library's server, which can hang up right after it said that it took a mail."""

    def connection_made(self, transport):
        """Remember the connection, so that it can be cut at the end."""
        self.event_handler.transports.add(transport)
        super().connection_made(transport)

    async def push(self, status):
        """Send an answer."""
        await super().push(status)
        if self.event_handler.told.hangs_up and str(status).startswith("250 accepted"):
            self.transport.close()


@contextmanager
def mail_server(
    starttls: SSLContext | None = None, tls: SSLContext | None = None, *, login: bool = False, port: int = 0
) -> Iterator[MailServer]:
    """A server on a port of loopback, a free one unless given.

    It offers STARTTLS, begins with TLS, or knows no TLS; with `login` it wants one.
    """
    told, loop = MailServer(port), asyncio.new_event_loop()
    handler = _Handler(told)

    def check(_server, _session, _envelope, _mechanism, data):
        told.logins.append((data.login, data.password))
        return AuthResult(success=(data.login, data.password) == (b"gateway", b"let-me-in"), handled=False)

    def connect():
        options = {"authenticator": check, "auth_required": True, "auth_require_tls": tls is None} if login else {}
        with warnings.catch_warnings(action="ignore"):  # it warns of a login without STARTTLS, where TLS began before
            return _Server(handler, hostname="mail.test", tls_context=starttls, loop=loop, **options)

    async def serve(ready):
        server = await loop.create_server(connect, "127.0.0.1", told.port, ssl=tls)
        told.port = server.sockets[0].getsockname()[1]
        ready.set()
        await handler.released.wait()
        server.close()
        for transport in handler.transports:
            transport.abort()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    ready = threading.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve(ready)))
    thread.start()
    assert ready.wait(10), "the mail server listens"
    try:
        yield told
    finally:
        loop.call_soon_threadsafe(handler.released.set)
        thread.join()
        loop.close()
