"""The line of a setup's journal: what is planned, what became of it, and what is waited for. No secret, no path of a home."""

import hashlib
from typing import Literal

import msgspec

from gateway.canonical import canonical
from gateway.machines.onboarding import OnboardingEvent, OnboardingState

Phase = Literal["planned", "succeeded", "failed", "skipped", "waiting"]
WaitingOn = Literal["user", "mail", "rail", "host", "gateway"]
WAITS: tuple[WaitingOn, ...] = ("user", "mail", "rail", "host", "gateway")
FIRST_PREV = "0" * 64


class RequestNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request: its route, the sha256 of its idempotency key, and what came back; `status` is null while that is not known."""

    route: str
    status: int | None
    request_id: str | None
    key_sha256: str | None


class FileNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A host's file: the sha256 of its content before and after; null where there was no file."""

    host: str
    before: str | None
    after: str | None


class HostFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A host that was set up: the version that it prints, the tier certified for that version, the sha256 of its file's change.

    The tier is `unknown` for a version that nobody has certified.
    """

    host: str
    version: str | None
    tier: str
    diff_sha256: str | None


class LevelFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One level of a receipt's verification."""

    level: str
    mark: str


class Found(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a step learned. The report shows it, and a later walk goes on from it; what is absent was not learned here."""

    version: str | None = None
    tenant_id: str | None = None
    cohort: str | None = None
    demo_money: bool | None = None
    wallet_id: str | None = None
    payee_id: str | None = None
    chosen_hosts: tuple[str, ...] | None = None
    hosts: tuple[HostFound, ...] | None = None
    payment_id: str | None = None
    levels: tuple[LevelFound, ...] | None = None
    tries_left: int | None = None
    retry_after_s: int | None = None

    def merged(self, later: "Found | None") -> "Found":
        """This and what was learned later, which wins."""
        if later is None:
            return self
        return msgspec.structs.replace(self, **{name: value for name, value in _members(later) if value is not None})


def _members(found: Found) -> list[tuple[str, object]]:
    return [(name, getattr(found, name)) for name in Found.__struct_fields__]


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line. `event` and `next` stand in the lines that move the setup, `request` and `file` in those of an effect.

    `mono_ms` counts from the start of the process, `attempt` from 1 within the run; `waiting_on` holds until the next line.
    """

    seq: int
    prev: str
    run: str
    at: str
    mono_ms: int
    step: str
    phase: Phase
    state: OnboardingState | None
    event: OnboardingEvent | None = None
    next: OnboardingState | None = None
    attempt: int = 1
    waiting_on: WaitingOn | None = None
    code: str | None = None
    next_command: str | None = None
    request: RequestNote | None = None
    file: FileNote | None = None
    receipt_id: str | None = None
    mode: Literal["quick", "full"] | None = None
    build: str | None = None
    found: Found | None = None


def line_bytes(line: Line) -> bytes:
    """The line as it is written, without its line feed: all members, sorted."""
    return canonical(line)


def hash_of(written: bytes) -> str:
    """What the next line names as `prev`."""
    return hashlib.sha256(written).hexdigest()
