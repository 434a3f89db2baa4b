"""The run's folder: answers are in it before the next request is sent, everything else when it is known."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from loadtests.hostile.books import Ask


@contextlib.contextmanager
def asks_file(out: Path) -> Iterator[Callable[[Ask], None]]:
    """A function that writes an answer into `asks.jsonl` at once; makes the folder."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / "asks.jsonl").open("ab") as file:

        def write(ask: Ask) -> None:
            file.write(msgspec.json.encode(ask) + b"\n")
            file.flush()

        yield write


def save(out: Path, name: str, value: object) -> None:
    """Write a value as `NAME.json`; makes the folder."""
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.json").write_bytes(msgspec.json.encode(value, order="sorted") + b"\n")
