"""What every tool states about how it measured: itself, its inputs, the times, and whether the clock can be believed."""

from functools import cache
from importlib.metadata import version
from pathlib import Path

import msgspec

from gates.evidence.statement import Artifact, Cohort, Inputs, Measure, Predicate, Producer, Status, short_kind
from gates.schema.canonical import Json, canonical_json, sha256_hex
from gates.schema.time import parse_utc

ROOMS = ("gates", "loadtests", "drills", "scorecards")
CLOCK_STEP_MS = 2_000  # a clock that moved more than this against the monotonic one dates nothing (reference/evidence.md 1)
_SOURCES = (".py", ".yaml", ".j2")


class Span(msgspec.Struct, frozen=True):
    """When something was done, by the clock, and how long it took in ms, by the monotonic one."""

    started_at: str
    finished_at: str
    duration_ms: int


class Result(msgspec.Struct, frozen=True):
    """What came out: measures, facts for people, how it ended, and the raw files that the measures were computed from."""

    measures: dict[str, Measure]
    facts: dict[str, Json]
    status: Status = "complete"
    detail: str = ""
    cohort: Cohort = "none"
    artifacts: tuple[Artifact, ...] = ()


def make_predicate(kind: str, tool: str, span: Span, inputs: Inputs, result: Result, build_observation: str | None) -> Predicate:
    """The predicate of a statement; a clock that was set during the run makes it an adapter_error."""
    status, detail = settled(span, result.status, result.detail)
    return Predicate(
        kind=short_kind(kind),
        producer=producer(tool),
        started_at=span.started_at,
        finished_at=span.finished_at,
        duration_ms=span.duration_ms,
        inputs=inputs,
        measures=result.measures,
        facts=result.facts,
        status=status,
        detail=detail,
        cohort=result.cohort,
        build_observation=build_observation,
        artifacts=result.artifacts,
    )


def settled(span: Span, status: Status, detail: str = "") -> tuple[Status, str]:
    """How a run counts that ended with this status: one whose clock was set is an adapter_error."""
    stepped = clock_step(span)
    if not stepped or status != "complete":
        return status, detail
    return "adapter_error", "; ".join(filter(None, (stepped, detail)))


def clock_step(span: Span) -> str:
    """How the clock moved against the monotonic one; "" where it did not move by more than CLOCK_STEP_MS."""
    passed = parse_utc(span.finished_at) - parse_utc(span.started_at)
    by_clock_ms = round(passed.total_seconds() * 1000)
    if abs(by_clock_ms - span.duration_ms) <= CLOCK_STEP_MS:
        return ""
    return f"the clock was set during the run: it counted {by_clock_ms} ms where {span.duration_ms} ms passed"


def producer(tool: str) -> Producer:
    """This release of the toolkit as the producer of a statement."""
    return Producer(tool, version("gonogo"), tool_sha256())


@cache
def tool_sha256() -> str:
    """The sha256 over names and contents of the toolkit's sources: two statements with the same were made by the same code."""
    home = Path(__file__).parents[2]
    files = sorted(path for room in ROOMS for path in (home / room).rglob("*") if path.suffix in _SOURCES)
    return sha256_hex(canonical_json([[path.relative_to(home).as_posix(), sha256_hex(path.read_bytes())] for path in files]))
