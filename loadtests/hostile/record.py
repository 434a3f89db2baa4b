"""The record of one part of a run: URLs, builds, requests, and the verdict on the books."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from loadtests.hostile.books import Ask, Step
from loadtests.hostile.judge.verdict import Verdict


class Part(msgspec.Struct, frozen=True):
    """One part; `base_url` is "" if it could not be set up, `builds` are those before and after."""

    verdict: Verdict
    asks: tuple[Ask, ...] = ()
    base_url: str = ""
    rail_url: str = ""
    builds: tuple[str | None, str | None] = (None, None)
    steps: tuple[Step, ...] = ()


def joined(parts: tuple[Part, ...]) -> Verdict:
    """The verdicts of all parts in one: no two parts have the same measure."""
    measures = {name: measure for part in parts for name, measure in part.verdict.measures.items()}
    findings = tuple(item for part in parts for item in part.verdict.findings)
    return Verdict(measures, findings, tuple(row for part in parts for row in part.verdict.rows))


@contextlib.contextmanager
def asks_file(out: Path) -> Iterator[Callable[[Ask], None]]:
    """A function that writes a response to `asks.jsonl` at once; creates the folder."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / "asks.jsonl").open("ab") as file:

        def write(ask: Ask) -> None:
            file.write(msgspec.json.encode(ask) + b"\n")
            file.flush()

        yield write


def save(out: Path, name: str, value: object) -> None:
    """Write a value as `NAME.json`; creates the folder."""
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.json").write_bytes(msgspec.json.encode(value, order="sorted") + b"\n")
