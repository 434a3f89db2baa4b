"""The raw files of a probe: what it saw, as text, from which its measures are computed, and are computed again."""

from pathlib import Path
from typing import TypeVar

import msgspec

from gates.schema.errors import UsageProblem
from gates.schema.printable import printable

Value = TypeVar("Value")


def raw_text(value: object) -> str:
    """A value as one JSON document with sorted keys."""
    return msgspec.json.encode(value, order="sorted").decode() + "\n"


def read_raw(path: Path, kind: type[Value]) -> Value:
    """Read it back; raises UsageProblem naming the file for anything else."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        raise UsageProblem(f"{path}: no such file", next_step="give a folder with the raw files of a probe's statement") from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise UsageProblem(f"{path}: cannot be read: {printable(str(error))}") from None
