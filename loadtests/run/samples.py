"""Measures of a storm: latency from the due time, availability, amplification, and the generator's own lag."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Sequence
from fractions import Fraction

import msgspec

from gates.evidence.statement import Measure
from gates.schema.outcome import UnknownReason
from gates.schema.target import Retry
from loadtests.checker.requests import Result, index_history
from loadtests.histogram import milliseconds, nearest_rank
from loadtests.schema import Limits
from loadtests.storm.history import Event
from loadtests.storm.plan import Plan, Script

P95 = "p95 nearest-rank"
P99 = "p99 nearest-rank"


class StormSamples(msgspec.Struct, frozen=True):
    """Raw samples of one storm, in nanoseconds, and counts.

    `responses` and `services` are by operation for acknowledged requests, and under `OPERATION_refused` and
    `OPERATION_unanswered` for the others. A response time runs from the mutation's due time to its first definite response,
    waits and retries included; without one, to the end of the last attempt. Mutations whose reply the client abandoned before a
    response are excluded, because the client caused that wait. A service time is one answered attempt, from sending to reply.
    """

    responses: dict[str, list[int]]
    services: dict[str, list[int]]
    lags: list[int]
    attempts: int
    mutations: int
    ends: dict[str, int]
    skipped: int
    span_ns: int


def storm_samples(plan: Plan, history: Sequence[Event], repeat_codes: Sequence[str] = Retry().codes) -> StormSamples:
    """Take the samples from the storm's phase of a history; `repeat_codes` are those of the target's file under `retry`."""
    storm = [event for event in history if event.phase == "storm"]
    invokes = [event for event in storm if event.type == "invoke"]
    ends = [event for event in storm if event.type != "invoke"]
    denied = {payment.number for payment in plan.payments if payment.script is Script.OVER_LIMIT}
    counts = Counter(_kind(event, denied, repeat_codes) for event in ends)
    counts["lost"] += len(invokes) - len(ends)
    services: dict[str, list[int]] = defaultdict(list)
    for event in ends:
        if event.end_ns is not None and event.status is not None:
            services[_named(event.operation, event.type)].append(event.end_ns - event.start_ns)
    times = [event.end_ns or event.start_ns for event in storm]
    return StormSamples(
        responses=_responses(storm),
        services=services,
        lags=[event.start_ns - event.intended_ns for event in invokes],
        attempts=len(invokes),
        mutations=len({event.key for event in invokes}),
        ends=dict(counts),
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
        "reserve_latency": _latency(storm, "reserve", why),
        "settle_latency": _latency(storm, "settle", why),
        "retry_amplification": _amplification(storm),
        "generator_lag": Measure(milliseconds(lag_ns), "ms", len(lags), statistic=P99) if lags else _nothing("ms", P99),
    }


def _responses(storm: Iterable[Event]) -> dict[str, list[int]]:
    first: dict[str, Event] = {}
    types: dict[str, str] = {}
    end: dict[str, int] = {}
    closed: set[str] = set()  # answered, or abandoned by the client: later events do not count
    left_out: set[str] = set()
    for event in storm:
        if event.type == "invoke":
            first.setdefault(event.key, event)
        elif event.key not in closed:
            end[event.key], types[event.key] = event.end_ns or event.start_ns, event.type
            if event.type in ("ok", "fail") or event.error == "abandoned":
                closed.add(event.key)
            if event.error == "abandoned":
                left_out.add(event.key)
    found: dict[str, list[int]] = defaultdict(list)
    for key, begun in first.items():
        if key in end and key not in left_out:
            found[_named(begun.operation, types[key])].append(end[key] - begun.intended_ns)
    return found


def _named(operation: str, event_type: str) -> str:
    """The name of a group of samples: refused and unanswered requests are never among the acknowledged ones."""
    return operation + {"ok": "", "fail": "_refused"}.get(event_type, "_unanswered")


def _kind(event: Event, denied: Container[int], repeat_codes: Sequence[str]) -> str:
    """What the end of one attempt says about the service.

    `refused` is a refusal of what the service should accept; `planned` one that the plan provokes. `repeat` is the request to
    wait for another attempt of the same key. `lost` is every other answer that settles nothing, or none.
    """
    if event.type == "ok":
        return "acknowledged"
    if event.type == "fail":
        return "planned" if event.payment in denied else "refused"
    if event.error == "abandoned":
        return "abandoned"
    waits = event.status is not None and 400 <= event.status < 500 and event.code in repeat_codes
    return "repeat" if waits else "lost"


def _never_tried(plan: Plan, storm: Iterable[Event]) -> int:
    """Planned mutations that were never sent although no earlier one was refused."""
    skipped, lives = 0, index_history(plan, storm).lives
    for life in (lives[payment.number] for payment in plan.payments):
        if any(mutation.result is Result.REFUSED for mutation in life.mutations.values()):
            continue
        skipped += sum(step.operation not in life.mutations for step in life.planned.steps)
    return skipped


def _availability(storm: StormSamples) -> Measure:
    """Good are acknowledged attempts, refusals that the plan provokes, and requests to repeat; abandoned ones do not count.

    A refusal of what the service should accept is as bad as no answer, a redirect or a web page.
    """
    good = sum(storm.ends.get(kind, 0) for kind in ("acknowledged", "planned", "repeat"))
    refused, lost = storm.ends.get("refused", 0), storm.ends.get("lost", 0)
    samples = good + refused + lost
    if samples + storm.skipped == 0:
        return _nothing("ratio", None)
    return Measure(
        value=_ratio(Fraction(good, samples + storm.skipped)),
        unit="ratio",
        samples=samples,
        failures=refused + lost,
        skipped=storm.skipped,
        made_of={"acknowledged": storm.ends.get("acknowledged", 0), "refused": refused, "ambiguous": lost},
        detail="attempts that were acknowledged, refused as planned, or answered with a request to repeat",
    )


def _amplification(storm: StormSamples) -> Measure:
    if not storm.mutations:
        return _nothing("ratio", None)
    detail = "attempts sent per requested mutation, including deliberate duplicates and abandoned replies"
    return Measure(_ratio(Fraction(storm.attempts, storm.mutations)), "ratio", storm.mutations, detail=detail)


def _latency(storm: StormSamples, operation: str, invalid: str) -> Measure:
    """The 95th percentile of acknowledged requests alone."""
    samples = storm.responses.get(operation, [])
    others = {name: len(storm.responses.get(f"{operation}_{name}", ())) for name in ("refused", "unanswered")}
    made_of = {"acknowledged": len(samples), "refused": others["refused"], "ambiguous": others["unanswered"]}
    if not samples:
        return _nothing("ms", P95)
    value = milliseconds(nearest_rank(sorted(samples), 950))
    detail = f"{invalid}; the measured value was {value} ms" if invalid else ""
    unknown = UnknownReason.INVALID_GENERATOR if invalid else None
    shown = None if invalid else value
    return Measure(shown, "ms", len(samples), statistic=P95, unknown=unknown, detail=detail, made_of=made_of)


def _nothing(unit: str, statistic: str | None) -> Measure:
    return Measure(None, unit, statistic=statistic, unknown=UnknownReason.MISSING, detail="nothing of this kind was acknowledged")


def _ratio(value: Fraction) -> str:
    """Six decimal places, rounded down: a ratio never looks better than it is."""
    scaled = value.numerator * 1_000_000 // value.denominator
    return f"{scaled // 1_000_000}.{scaled % 1_000_000:06d}"
