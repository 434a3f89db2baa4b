"""A rehearsal's state folder with people who keep registers, a clock that tests step, and statements of tests and drills."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from honest_state import BUILD, CLEAN, Ending, State, gate
from signing import document, first, put_signers, signer

from gates.evidence.contents import Contents
from gates.evidence.keys import own_trust
from gates.evidence.statement import Measure
from gates.log.entry import EntryKind
from gates.registers.document import SPECS, Event
from gates.registers.entry import sign_entry
from gates.registers.store import Registers, load_registers
from gates.schema.register import KINDS, Register
from gates.schema.time import format_utc, parse_utc
from gates.signers.store import load_signers

START = "2026-11-23T09:00:00.000Z"
OPEN = ("finding", "open", "a token is written to the log", "--severity", "P0", "--owner", "backend")
LOOKED_AT = ("--looked-at", "CodeQL of commit 5f3a, 212 rules")
RED = Measure("2", "count", samples=412)


class Registered:
    """The folder, `gonogo(...)`, and what the tests need of both."""

    def __init__(self, home: Path, folder: Path, gonogo: Callable[..., Ending], monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self.folder, self.gonogo = home, folder, gonogo
        self._clock = folder / "clock"
        self.at(START)
        monkeypatch.setenv("GONOGO_REHEARSAL_CLOCK", str(self._clock))
        assert gonogo("state", "init", "--rehearsal").code == 0
        put_signers(home, first(document(at="2020-01-01T00:00:00.000Z")), keys=folder / "keys")
        self.state = State(home, folder, gonogo)
        self.gates = self.state.gate_file(gate())

    def at(self, moment: str) -> None:
        """Step the clock."""
        self.now = parse_utc(moment)
        self._clock.write_text(moment)

    def later(self, **passed: float) -> str:
        """Step the clock on, by a minute unless something else is given; returns the moment."""
        self.at(format_utc(self.now + dt.timedelta(**(passed or {"minutes": 1}))))
        return format_utc(self.now)

    def opened(self, *more: str, by: str = "ada", words: tuple[str, ...] = OPEN) -> str:
        """Open an item; returns its id."""
        ending = self.gonogo(*words, "--as", by, *more)
        assert ending.code == 0, ending.text
        self.later()
        return ending.out.partition("opened: ")[2].partition(",")[0]

    def statement(self, measure: Measure = CLEAN, build: str = BUILD, **changes: object) -> str:
        """The digest of a load run that has just ended on a build."""
        at = self.later()
        found = self.state.record({"double_settles": measure}, at=at, about=self.state.subject(build), **changes)  # type: ignore[arg-type]  # a test's own members
        self.later()
        return found.digest

    def close(
        self, *names: str, by: str = "grace", shown_by: str = "", more: tuple[str, ...] = (), group: str = "finding"
    ) -> Ending:
        """Close items, by default by a statement that has just passed."""
        shown = shown_by or self.statement()
        words = (group, "close", *names, "--shown-by", shown[:12], "--reason", "the logger masks tokens now", *more)
        return self.gonogo(*words, "--gates", self.gates, "--as", by)

    def review(self, *more: str, by: str = "ada") -> Ending:
        """Review the security register."""
        ending = self.gonogo("finding", "review", *LOOKED_AT, "--as", by, *more)
        self.later()
        return ending

    def rows(self, *more: str) -> list[dict[str, str]]:
        """The list of findings, closed ones too."""
        ending = self.gonogo("finding", "list", "--all", "--format", "json", *more)
        assert ending.code == 0, ending.text
        return msgspec.json.decode(ending.out)

    def contents(self) -> Contents:
        """What the log lists."""
        return self.state.store.contents(own_trust(self.home))

    def registers(self) -> Registers:
        """The registers, verified."""
        return load_registers(self.contents(), own_trust(self.home), load_signers(self.home))

    def planted(self, event: Event, number: int, by: str, register: Register = Register.SECURITY, **changes: object) -> bytes:
        """An entry by the key of a number that no command would write, listed as somebody with the evidence key could."""
        signers = load_signers(self.home)
        assert signers is not None, "there are Signers"
        spec = SPECS[KINDS[register]](register, by, format_utc(self.now), signers.digest, event)
        data = sign_entry(msgspec.structs.replace(spec, **changes), signer(number))
        self.state.store.append(self.state.signer, EntryKind.REGISTER, data)
        return data
