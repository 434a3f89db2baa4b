"""The weeks for which a key has signed an official scorecard: remembered next to the private key, for whatever state folder.

A log knows the weeks of its own state folder alone. So that a copied or a new folder cannot make a second official scorecard of
a week with the same key, the key's own folder lists each week before its card is signed, and again once the card is in a log.
"""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from gates.schema.canonical import sha256_hex
from gates.schema.durable import locked, write_durably
from gates.schema.errors import UnverifiedProblem
from gates.schema.printable import printable

FILE = "official-weeks.jsonl"
_LOCK = "official-weeks.lock"


class Step(StrEnum):
    """How far it came: `begun` before the card is signed, `signed` once a log lists it."""

    BEGUN = "begun"
    SIGNED = "signed"


class UsedWeek(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line. `folder` is the sha256 of the state folder's path, `head` the head of its log then, `card` of what was signed.

    `card` is the sha256 of the signed card, "" before there is one.
    """

    step: Step
    keyid: str
    week: str
    target: str
    folder: str
    head: str
    at: str
    card: str = ""


class Memory:
    """What one key signed, for a state folder that wants to sign with it.

    `keys` is the folder of the key, `heads` the heads that the log of the state folder went through, the last one last.
    Raises UnverifiedProblem for a file that cannot be read: a memory with a gap would allow a second card.
    """

    def __init__(self, keys: Path, keyid: str, home: Path, heads: Sequence[str]) -> None:
        self._path, self._lock = keys / FILE, keys / _LOCK
        self._keyid, self._folder = keyid, sha256_hex(str(home.resolve()).encode())
        self._heads = ("", *heads)

    def why_not(self, week: str, target: str) -> str:
        """Why the key may not sign the official card of a week now, for this state folder; "" if it may."""
        return self._refusal(self._lines(), week, target)

    def begin(self, week: str, target: str, at: str) -> str:
        """Remember, durably, that this state folder is about to sign; the same reason as `why_not` where it may not."""
        with locked(self._lock):
            lines = self._lines()
            reason = self._refusal(lines, week, target)
            if not reason:
                self._write([*lines, self._line(Step.BEGUN, week, target, at)])
        return reason

    def finish(self, week: str, target: str, at: str, card: str) -> None:
        """Remember the card that a log lists; nothing changes where it is remembered already."""
        line = self._line(Step.SIGNED, week, target, at, card)
        with locked(self._lock):
            lines = self._lines()
            if not any((one.step, one.card) == (Step.SIGNED, card) for one in lines):
                self._write([*lines, line])

    def _line(self, step: Step, week: str, target: str, at: str, card: str = "") -> UsedWeek:
        return UsedWeek(step, self._keyid, week, target, self._folder, self._heads[-1], at, card)

    def _refusal(self, lines: Sequence[UsedWeek], week: str, target: str) -> str:
        """A week is taken by a card that a log lists, or that another state folder, or this one with another log, has begun."""
        mine = [line for line in lines if (line.keyid, line.week, line.target) == (self._keyid, week, target)]
        what = f"the official scorecard of {week} for {target}"
        signed = next((line for line in mine if line.step is Step.SIGNED), None)
        if signed is not None:
            return f"the key {self._keyid} signed {what} before, in another log, at {signed.at}"
        if any(line.folder != self._folder for line in mine):
            return f"the key {self._keyid} began to sign {what} in another state folder"
        if any(line.head not in self._heads for line in mine):
            return f"the key {self._keyid} began to sign {what} with another log"
        return ""

    def _lines(self) -> list[UsedWeek]:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return []
        try:
            return [msgspec.json.decode(line, type=UsedWeek) for line in data.splitlines()]
        except (msgspec.MsgspecError, ValueError) as error:
            raise UnverifiedProblem(
                f"{self._path}: not a list of the weeks that keys signed: {printable(str(error))}",
                next_step="bring the file back from a copy; without it a second official scorecard of a week could be signed",
            ) from None

    def _write(self, lines: Sequence[UsedWeek]) -> None:
        write_durably(self._path, b"".join(msgspec.json.encode(line) + b"\n" for line in lines), mode=0o600)
