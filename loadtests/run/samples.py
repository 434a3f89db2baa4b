"""Measures of a storm: latency from the due time, availability, amplification, and the generator's own lag."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction

import msgspec

from gates.evidence.statement import Measure
from gates.schema.outcome import UnknownReason
from loadtests.checker.requests import Result, index_history
from loadtests.histogram import milliseconds, nearest_rank
from loadtests.schema import Limits
from loadtests.storm.history import Event
from loadtests.storm.plan import MutationName, Plan

P95 = "p95 nearest-rank"
P99 = "p99 nearest-rank"


class StormSamples(msgspec.Struct, frozen=True):
    """Raw samples of one storm, in nanoseconds, and counts.

    A response time runs from the mutation's due time to its first definite response, waits and retries included; without one, to
    the end of the last attempt. Mutations whose reply the client abandoned before a response are excluded, because the client
    caused that wait. A service time is one answered attempt, from sending to reply.
    """

    responses: dict[MutationName, list[int]]
    services: dict[MutationName, list[int]]
    lags: list[int]
    attempts: int
    mutations: int
    answered: int
    unanswered: int
    skipped: int
    span_ns: int


def storm_samples(plan: Plan, history: Sequence[Event]) -> StormSamples:
    """Take the samples from the storm's phase of a history."""
    storm = [event for event in history if event.phase == "storm"]
    invokes = [event for event in storm if event.type == "invoke"]
    ends = [event for event in storm if event.type != "invoke"]
    answered = sum(_answered(event) for event in ends)
    given_up = sum(event.error == "abandoned" for event in ends)
    services: dict[MutationName, list[int]] = defaultdict(list)
    for event in ends:
        if event.end_ns is not None and event.status is not None:
            services[event.operation].append(event.end_ns - event.start_ns)
    times = [event.end_ns or event.start_ns for event in storm]
    return StormSamples(
        responses=_responses(storm),
        services=services,
        lags=[event.start_ns - event.intended_ns for event in invokes],
        attempts=len(invokes),
        mutations=len({event.key for event in invokes}),
        answered=answered,
        unanswered=len(invokes) - answered - given_up,
        skipped=_never_tried(plan, storm),
        span_ns=max(times) - min(event.intended_ns for event in storm) if storm else 0,
    )


def storm_measures(storm: StormSamples, limits: Limits) -> dict[str, Measure]:
    """The measures of a storm; no latency if the generator itself was late, since it would measure itself."""
    lags = sorted(storm.lags)
    lag_ns = nearest_rank(lags, 990) if lags else 0
    late = lag_ns > limits.generator_lag_p99_ms * 1_000_000
    why = f"the generator's lag p99 was {milliseconds(lag_ns)} ms, over {limits.generator_lag_p99_ms} ms" if late else ""
    return {
        "availability": _availability(storm),
        "reserve_latency": _latency(storm.responses.get("reserve", []), why),
        "settle_latency": _latency(storm.responses.get("settle", []), why),
        "retry_amplification": _amplification(storm),
        "generator_lag": Measure(milliseconds(lag_ns), "ms", len(lags), statistic=P99) if lags else _nothing("ms", P99),
    }


def _responses(storm: Iterable[Event]) -> dict[MutationName, list[int]]:
    first: dict[str, Event] = {}
    end: dict[str, int] = {}
    closed: set[str] = set()  # answered, or abandoned by the client: later events do not count
    left_out: set[str] = set()
    for event in storm:
        if event.type == "invoke":
            first.setdefault(event.key, event)
        elif event.key not in closed:
            end[event.key] = event.end_ns or event.start_ns
            if event.type in ("ok", "fail") or event.error == "abandoned":
                closed.add(event.key)
            if event.error == "abandoned":
                left_out.add(event.key)
    found: dict[MutationName, list[int]] = defaultdict(list)
    for key, begun in first.items():
        if key in end and key not in left_out:
            found[begun.operation].append(end[key] - begun.intended_ns)
    return found


def _answered(event: Event) -> bool:
    """Whether the service responded in time and without a server error."""
    return event.status is not None and event.status < 500


def _never_tried(plan: Plan, storm: Iterable[Event]) -> int:
    """Planned mutations that were never sent although no earlier one was refused."""
    skipped = 0
    for life in index_history(plan, storm).lives.values():
        if any(mutation.result is Result.REFUSED for mutation in life.mutations.values()):
            continue
        skipped += sum(step.operation not in life.mutations for step in life.planned.steps)
    return skipped


def _availability(storm: StormSamples) -> Measure:
    samples = storm.answered + storm.unanswered
    total = samples + storm.skipped
    if total == 0:
        return _nothing("ratio", None)
    value = _ratio(Fraction(storm.answered, total))
    return Measure(value, "ratio", samples, failures=storm.unanswered, skipped=storm.skipped)


def _amplification(storm: StormSamples) -> Measure:
    if not storm.mutations:
        return _nothing("ratio", None)
    detail = "attempts sent per requested mutation, including deliberate duplicates and abandoned replies"
    return Measure(_ratio(Fraction(storm.attempts, storm.mutations)), "ratio", storm.mutations, detail=detail)


def _latency(samples: list[int], invalid: str) -> Measure:
    if not samples:
        return _nothing("ms", P95)
    value = milliseconds(nearest_rank(sorted(samples), 950))
    if invalid:
        detail = f"{invalid}; the measured value was {value} ms"
        return Measure(None, "ms", len(samples), statistic=P95, unknown=UnknownReason.INVALID_GENERATOR, detail=detail)
    return Measure(value, "ms", len(samples), statistic=P95)


def _nothing(unit: str, statistic: str | None) -> Measure:
    return Measure(None, unit, statistic=statistic, unknown=UnknownReason.MISSING, detail="nothing of this kind was sent")


def _ratio(value: Fraction) -> str:
    """Six decimal places, rounded down: a ratio never looks better than it is."""
    scaled = value.numerator * 1_000_000 // value.denominator
    return f"{scaled // 1_000_000}.{scaled % 1_000_000:06d}"
