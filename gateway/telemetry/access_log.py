"""The access log: JSON lines without secrets, written by a thread of its own so that no request waits for them."""

import asyncio
import contextlib
import logging
import queue
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from gateway.clock import Clock, format_utc

_FLUSH_S = 0.05
_MAX_WAITING_BYTES = 8_388_608


class Sink(Protocol):
    """Where lines go: standard error's byte stream."""

    def write(self, data: bytes, /) -> object:
        """Take all of `data`."""

    def flush(self) -> None:
        """Pass it on."""


class RequestLine(msgspec.Struct, frozen=True):
    """One answered request. It has no member for a query, a header, a body or a key, so none can slip in."""

    time: str
    request_id: str
    method: str
    route: str
    path: str
    status: int
    duration_ms: float
    tenant: str | None
    role: str | None
    key_fingerprint: str | None
    event: str = "request"


class EventLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """Anything else worth a line. `where` are the frames of an exception; its message is left out, it may quote input."""

    time: str
    event: str
    message: str | None = None
    request_id: str | None = None
    exception: str | None = None
    where: tuple[str, ...] = ()


class AccessLog:
    """Collects lines and hands them to a thread every 50 ms; a reader that stands still costs lines, not payments."""

    def __init__(self, sink: Sink, clock: Clock, *, requests: bool = True) -> None:
        self.requests = requests
        self._sink = sink
        self._clock = clock
        self._encode = msgspec.json.Encoder().encode
        self._lines: list[bytes] = []
        self._bytes = 0
        self._batches: queue.SimpleQueue[list[bytes] | None] = queue.SimpleQueue()
        self._handed = 0
        self._written = 0
        self._dropped = 0
        self._timer: asyncio.TimerHandle | None = None
        self._thread = threading.Thread(target=self._write_batches, name="access-log", daemon=True)
        self._thread.start()

    def now(self) -> str:
        """The time that a line carries."""
        return format_utc(self._clock())

    def event(
        self, event: str, message: str | None = None, request_id: str | None = None, error: BaseException | None = None
    ) -> None:
        """Log something that is not a request; of an exception the type and the frames."""
        self.add(event_line(self.now(), event, message, request_id, error))

    def add(self, line: msgspec.Struct) -> None:
        """Queue a line; called from the event loop's thread alone."""
        text = self._encode(line)
        if self._handed - self._written + self._bytes + len(text) > _MAX_WAITING_BYTES:
            self._dropped += 1
            return
        self._take(text)
        if self._timer is None:
            try:
                self._timer = asyncio.get_running_loop().call_later(_FLUSH_S, self._hand_over)
            except RuntimeError:
                self._hand_over()

    def close(self) -> None:
        """Write what is left, waiting at most two seconds for a reader that stands still."""
        self._hand_over()
        self._batches.put(None)
        self._thread.join(timeout=2.0)

    def _hand_over(self) -> None:
        self._timer = None
        if self._dropped and self._handed == self._written:
            lost = EventLine(self.now(), "lines_dropped", f"{self._dropped} lines were not written: nobody read fast enough")
            self._take(self._encode(lost))
            self._dropped = 0
        if self._lines:
            self._handed += self._bytes
            self._batches.put(self._lines)
            self._lines, self._bytes = [], 0

    def _take(self, text: bytes) -> None:
        self._lines.append(text)
        self._bytes += len(text)

    def _write_batches(self) -> None:
        while (batch := self._batches.get()) is not None:
            try:
                self._sink.write(b"\n".join(batch) + b"\n")
                self._sink.flush()
            except (OSError, ValueError):
                pass  # The reader has gone; the gateway serves on without a log.
            self._written += sum(map(len, batch))


def event_line(time: str, event: str, message: str | None, request_id: str | None, error: BaseException | None) -> EventLine:
    """The line for something that is not a request; of an exception it has the type and the frames."""
    name = type(error).__name__ if error else None
    return EventLine(time, event, message, request_id, name, _frames(error) if error else ())


def _frames(error: BaseException) -> tuple[str, ...]:
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    return tuple(f"{Path(frame.filename).name}:{frame.lineno}:{frame.name}" for frame in frames)


@contextlib.contextmanager
def standard_log(clock: Clock, *, requests: bool = True) -> Iterator[AccessLog]:
    """Standard error as the log of this process, the warnings of its loggers included."""
    log = AccessLog(sys.stderr.buffer, clock, requests=requests)
    handler = EventHandler(log)
    logging.getLogger().addHandler(handler)
    try:
        yield log
    finally:
        logging.getLogger().removeHandler(handler)
        log.close()


class EventHandler(logging.Handler):
    """Lets the server's own warnings out as lines of the same log."""

    def __init__(self, log: AccessLog) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """One record, one line."""
        error = record.exc_info[1] if record.exc_info else None
        self._log.event("server", record.getMessage(), None, error)
