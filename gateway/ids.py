"""Identifiers: time-ordered in service, counted in tests and replays; the one place that draws randomness."""

import itertools
import secrets
from typing import Protocol

import uuid_utils

_SALTS = 256


class Ids(Protocol):
    """A source of identifiers; suffixes sort in the order they were made."""

    def suffix(self) -> str:
        """A new unique suffix of lower-case letters and digits."""

    def salt(self) -> str:
        """32 hex digits that nobody can guess: a receipt's salt."""

    def secret(self) -> str:
        """The random part of an API key: 256 bits."""


class SystemIds:
    """UUIDv7 suffixes, so that new rows land at the end of every index, and salts from the system's generator.

    Salts are drawn 256 at a time: asking the system for each costs as much as all the hashing of a settle.
    """

    def __init__(self) -> None:
        self._salts: list[str] = []

    def suffix(self) -> str:
        return uuid_utils.uuid7().hex

    def salt(self) -> str:
        if not self._salts:
            drawn = secrets.token_hex(16 * _SALTS)
            self._salts = [drawn[at : at + 32] for at in range(0, len(drawn), 32)]
        return self._salts.pop()

    def secret(self) -> str:
        return secrets.token_urlsafe(32)


class CountingIds:
    """1, 2, 3...: the same identifiers in every run, for tests and simulations."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def suffix(self) -> str:
        return f"{next(self._numbers):032d}"

    def salt(self) -> str:
        return f"{next(self._numbers):032d}"

    def secret(self) -> str:
        return f"{next(self._numbers):043d}"
