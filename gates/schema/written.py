"""The text of a file that a person wrote, such as a document: in UTF-8, and not endless, as a device is."""

from pathlib import Path

from gates.schema.errors import UsageProblem

LARGEST = 1_000_000
"""Bytes: what is larger was not written by a person."""
LARGEST_OUTPUT = 16 << 20
"""Bytes of what a program wrote."""


def read_written(path: Path, largest: int = LARGEST) -> str:
    """The text; raises UsageProblem naming the file where it is not there, not UTF-8, or larger. No more than that is read."""
    try:
        with path.open("rb") as file:
            data = file.read(largest + 1)
        if len(data) > largest:
            raise UsageProblem(f"{path}: has more than {largest} bytes", next_step="give the file that was meant")
        return data.decode("utf-8")
    except FileNotFoundError:
        raise UsageProblem(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{path}: cannot be read: {error}") from None
