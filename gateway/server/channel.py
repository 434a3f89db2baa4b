"""The messages between the front process and the writing process: lists of structs in MessagePack, one frame for each list.

Whatever is sent within one turn of the event loop goes out as one frame, so that a busy moment costs one system call.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar, cast

import msgspec

from gateway.commands import Principal
from gateway.idempotency.claim import Claim
from gateway.journal import Answer
from gateway.mailing import NO_MAIL, MailCounts, MailState
from gateway.store.payout_rows import RailEventRow
from gateway.telemetry.access_log import EventLine

Received = TypeVar("Received")

_LENGTH = 4
"""Bytes of the length in front of each frame."""


class Frame(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The base of all messages."""


class DecideMutation(Frame, frozen=True, tag=0):
    """The front requests a decision. `route` is the mutation's place among the mutating routes, `body` the command as JSON.

    `claim` is None where working it out needs the access key.
    """

    number: int
    route: int
    principal: Principal
    path_ids: tuple[str, ...]
    key: str
    query: str
    body: bytes
    request_id: str
    claim: Claim | None


class StoreRailEvent(Frame, frozen=True, tag=1):
    """The front passes on an event that the rail reported."""

    number: int
    event: RailEventRow


class Prepared(Frame, frozen=True, tag=2):
    """The front listens and answers requests."""


class NotPrepared(Frame, frozen=True, tag=3):
    """The front cannot listen; `problem` says why, and what to do."""

    problem: str


class SeeSession(Frame, frozen=True, tag=4):
    """A session was used; nobody waits for an answer."""

    session_id: str


class MutationDecided(Frame, frozen=True, tag=0):
    """A mutation is decided, and durable."""

    number: int
    answer: Answer


class Failed(Frame, frozen=True, tag=1):
    """The storage refused."""

    number: int
    code: str
    detail: str
    ambiguous: bool


class Broken(Frame, frozen=True, tag=2):
    """A defect; the writing process has logged it."""

    number: int


class RailEventStored(Frame, frozen=True, tag=3):
    """The rail's event is stored; `new` is false for one that was known."""

    number: int
    new: bool


class Committed(Frame, frozen=True, tag=4):
    """One durable commit: seconds, and requests in it."""

    seconds: float
    requests: int


class State(Frame, frozen=True, tag=5):
    """The state that the front must know; sent when it changes and once a second, as a sign of life."""

    rail_open: bool
    held_up: bool
    answers_purged: int
    stopped: str | None = None
    mail: MailState = NO_MAIL
    mail_counts: MailCounts = MailCounts()


class Opened(Frame, frozen=True, tag=6):
    """The database is open and migrated; the front may open its reading connection."""

    build: str


class Drain(Frame, frozen=True, tag=7):
    """Take no new connections, finish what was taken, end."""


class LogLine(Frame, frozen=True, tag=8):
    """A line for the log, which the front alone writes, so that lines stay whole."""

    line: EventLine


ToWriter = DecideMutation | StoreRailEvent | Prepared | NotPrepared | SeeSession
ToFront = MutationDecided | Failed | Broken | RailEventStored | Committed | State | Opened | Drain | LogLine


class Channel(asyncio.Protocol, Generic[Received]):
    """One end. `on_received` is called with each frame's messages, `on_lost` when the other end is gone."""

    def __init__(self, kinds: object, on_received: Callable[[list[Received]], None], on_lost: Callable[[], None]) -> None:
        self._decode = cast("Callable[[bytes], list[Received]]", msgspec.msgpack.Decoder(list[kinds]).decode)  # type: ignore[valid-type]  # a union, as a value
        self._encode = msgspec.msgpack.Encoder().encode
        self._on_received, self._on_lost = on_received, on_lost
        self._loop = asyncio.get_running_loop()
        self._unsent: list[Frame] = []
        self._rest = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The event loop hands over the socket."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the protocol's signature
        """The other process ended, or closed its end."""
        self._transport = None
        self._on_lost()

    def data_received(self, data: bytes) -> None:
        """Bytes arrived: whole frames are passed to `on_received`, a part of a frame is kept until its rest arrives."""
        self._rest += data  # in place: a frame of many parts is copied once, not once for each part
        at = 0
        while len(self._rest) - at >= _LENGTH:
            end = at + _LENGTH + int.from_bytes(self._rest[at : at + _LENGTH])
            if end > len(self._rest):
                break
            frame, at = bytes(self._rest[at + _LENGTH : end]), end
            self._on_received(self._decode(frame))
        del self._rest[:at]

    def send(self, item: Frame) -> None:
        """Send a message, in one frame with the others of this turn of the loop; lost when the other end is gone."""
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(item)

    def close(self) -> None:
        """Send what is waiting, then close the connection."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def _flush(self) -> None:
        items, self._unsent = self._unsent, []
        if items and self._transport is not None:
            frame = self._encode(items)
            self._transport.write(len(frame).to_bytes(_LENGTH) + frame)
