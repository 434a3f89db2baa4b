"""What reached the webhook: notifications of the Alertmanager, each with the moment at which it arrived."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

FILE = "pages.jsonl"
WATCHDOG_PATH = "/watchdog"
_PERSON = "/page/"


class Alert(msgspec.Struct, frozen=True):
    """One alert of a notification; further members are ignored. The moments are RFC 3339, as Prometheus gave them."""

    status: str
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: str = msgspec.field(name="startsAt", default="")
    ends_at: str = msgspec.field(name="endsAt", default="")

    def has(self, wanted: Mapping[str, str]) -> bool:
        """Whether it has all of these labels."""
        return wanted.items() <= self.labels.items()


class Payload(msgspec.Struct, frozen=True):
    """The body of an Alertmanager's webhook, version 4; further members are ignored."""

    version: str
    status: str
    receiver: str
    alerts: tuple[Alert, ...]


class Received(msgspec.Struct, frozen=True):
    """One line of FILE: when it arrived, at which path, and what."""

    seq: int
    at: str
    monotonic_ns: int
    path: str
    payload: Payload

    @property
    def person(self) -> str | None:
        """Who was called; None for the watchdog."""
        return self.path.removeprefix(_PERSON) if self.path.startswith(_PERSON) else None

    @property
    def at_s(self) -> float:
        """When it arrived, in monotonic seconds."""
        return self.monotonic_ns / 1e9

    def firing(self) -> tuple[Alert, ...]:
        """Its alerts that fire."""
        return tuple(alert for alert in self.payload.alerts if alert.status == "firing")


class Follower:
    """Reads the new lines of FILE while the receiver writes it."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset = path, 0
        self.received: list[Received] = []

    def poll(self) -> list[Received]:
        """Everything received so far; complete lines only."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return self.received
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        self.received += read_lines(whole)
        return self.received


def read_lines(data: bytes) -> list[Received]:
    """The lines of FILE; raises msgspec.MsgspecError for one that is none."""
    return [msgspec.json.decode(line, type=Received) for line in data.splitlines()]


def pages(received: Iterable[Received]) -> list[Received]:
    """The notifications that called a person for an alert of severity page, in the order in which they arrived."""
    return [
        item
        for item in received
        if item.person is not None and any(alert.labels.get("severity") == "page" for alert in item.payload.alerts)
    ]
