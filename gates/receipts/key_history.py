"""Which key was active at which position of the journal: read from the verifier's trust file, never from a receipt.

It shares no code with the service that records the events: a mistake made there is not repeated here.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from gates.schema.errors import UnverifiedProblem
from gates.schema.printable import printable
from gates.schema.strict_json import read_json


class KeyEvent(msgspec.Struct, frozen=True):
    """What happened to a key, at which position of the service's journal."""

    seq: Annotated[int, msgspec.Meta(ge=1)]
    keyid: str
    event: Literal["active", "retired", "revoked"]
    at: str = ""


class _Document(msgspec.Struct, frozen=True):
    key_events: tuple[KeyEvent, ...] | None = None


class KeyHistory:
    """The events of a trust file. A file without any sets no limits to the keys in it."""

    def __init__(self, events: Sequence[KeyEvent] | None) -> None:
        self.limits_keys = events is not None
        self._of: dict[str, dict[str, int]] = {}
        for event in events or ():
            self._of.setdefault(event.keyid, {})[event.event] = event.seq

    def standing(self, keyid: str, journal_seq: int) -> tuple[bool, str]:
        """Whether a receipt at this position counts with this key, and the reason as a sentence."""
        if not self.limits_keys:
            return True, "your trust file records no key events, so it trusts this key at every position of the journal"
        known = self._of.get(keyid)
        if known is None:
            return False, f"the key events of your trust file do not list the key {keyid}"
        return _standing(known, journal_seq)


def _standing(known: Mapping[str, int], journal_seq: int) -> tuple[bool, str]:
    active, retired, revoked = (known.get(name) for name in ("active", "retired", "revoked"))
    if revoked is not None:
        return False, (
            f"the key was revoked at journal position {revoked}: nothing that it signed counts, "
            "whatever position or date a receipt claims"
        )
    if active is None or journal_seq < active:
        since = f"only from {active} on" if active else "never"
        return False, f"the key was active {since}, and this receipt is at journal position {journal_seq}"
    if retired is not None and journal_seq >= retired:
        return False, f"the key was retired at journal position {retired}, and this receipt is at position {journal_seq}"
    until = f"until {retired}" if retired is not None else "until now"
    return True, f"it counts at journal position {journal_seq}: active from {active} {until}"


def load_history(path: Path) -> KeyHistory:
    """The key events in a JWKS file (member `key_events`).

    Raises UnverifiedProblem naming the file where they are not events in the order of the journal.
    """
    try:
        events = msgspec.convert(read_json(path.read_bytes()), _Document).key_events
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise UnverifiedProblem(f"{path}: the key events cannot be read: {printable(str(error))}") from None
    fault = _fault(events or ())
    if fault:
        raise UnverifiedProblem(
            f"{path}: {fault}", next_step="fetch the service's key document again, over a channel that you trust"
        )
    return KeyHistory(events)


def _fault(events: Sequence[KeyEvent]) -> str | None:
    seen: dict[str, set[str]] = {}
    last = 0
    for event in events:
        if event.seq <= last:
            return f"key event {event.seq} stands after {last}: the events are not in the order of the journal"
        last = event.seq
        before = seen.setdefault(event.keyid, set())
        if event.event in before or "revoked" in before or (event.event != "active" and "active" not in before):
            done = ", ".join(sorted(before)) or "not known"
            return f"key event {event.seq} makes {printable(event.keyid)} {event.event}; before it the key was {done}"
        before.add(event.event)
    return None
