"""What one stage of a run leaves: where it was, between which builds, what was asked there, and what the books say."""

import msgspec

from loadtests.hostile.books import Ask
from loadtests.hostile.judge.verdict import Verdict


class Step(msgspec.Struct, frozen=True):
    """One line of the record of what was done to processes: milliseconds since the beginning, and what."""

    at_ms: int
    what: str


class Part(msgspec.Struct, frozen=True):
    """One stage; `base_url` is "" where it could not be set up, `builds` are those before and after."""

    verdict: Verdict
    asks: tuple[Ask, ...] = ()
    base_url: str = ""
    rail_url: str = ""
    builds: tuple[str | None, str | None] = (None, None)
    steps: tuple[Step, ...] = ()


def joined(parts: tuple[Part, ...]) -> Verdict:
    """The verdicts of all stages in one: no two of them take the same measure."""
    measures = {name: measure for part in parts for name, measure in part.verdict.measures.items()}
    findings = tuple(item for part in parts for item in part.verdict.findings)
    return Verdict(measures, findings, tuple(row for part in parts for row in part.verdict.rows))
