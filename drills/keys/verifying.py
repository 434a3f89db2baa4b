"""What `gonogo receipt verify` finds, run as a third party runs it: a process that has the receipts and the keys alone."""

from pathlib import Path

import msgspec

from gates.schema.errors import UnknownProblem
from gates.schema.outcome import ExitCode
from gates.schema.printable import printable
from gates.schema.rooms import room_argv

LIMIT_S = 300
_FAIL, _NOT_CHECKED, _CHAIN = "FAIL", "not checked", "chain"


class _Level(msgspec.Struct, frozen=True):
    level: str
    mark: str
    says: str


class _Receipt(msgspec.Struct, frozen=True):
    receipt_id: str | None
    levels: tuple[_Level, ...]


class _Found(msgspec.Struct, frozen=True):
    receipts: tuple[_Receipt, ...]


class Verified(msgspec.Struct, frozen=True):
    """One receipt: why it fails, "" where no level does; and whether its chain begins with a receipt that does not count."""

    failure: str
    cut: bool


def verify_argv(receipts: Path, keys: Path) -> list[str]:
    """The command, for receipts in a file and the keys that are trusted."""
    return room_argv("scorecards", "receipt", "verify", str(receipts), "--trust", str(keys), "--format", "json")


def verified(stdout: bytes, stderr: str, code: int) -> tuple[Verified, ...]:
    """What it found, in the order of the file; keys that cannot be used verify nothing, and raise UnknownProblem."""
    try:
        found = msgspec.json.decode(stdout, type=_Found)
    except msgspec.MsgspecError:
        words = printable((stderr.strip().splitlines() or ["no message"])[0].removeprefix("error: "))
        raise UnknownProblem(f"gonogo receipt verify ended with {code}: {words}") from None
    assert code in (ExitCode.GREEN, ExitCode.UNKNOWN, ExitCode.UNVERIFIED), "it printed its result"
    return tuple(_verified(item) for item in found.receipts)


def _verified(item: _Receipt) -> Verified:
    failed = [f"{level.level}: {level.says}" for level in item.levels if level.mark == _FAIL]
    cut = any((level.level, level.mark) == (_CHAIN, _NOT_CHECKED) for level in item.levels)
    return Verified(failed[0] if failed else "", cut)
