"""What is wrong with a source that an adapter reads? Refused before anything is request. Pure."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from gates.schema.canonical import Json
from gates.schema.errors import UsageProblem
from gates.schema.gate import Criterion
from gates.schema.outcome import Operator, Priority
from gates.schema.source import (
    AttestationSource,
    CollectedSource,
    CommandSource,
    EvidenceSource,
    HttpSource,
    JunitSource,
    K6Source,
    LocustSource,
    OwnSource,
    Place,
    PrometheusSource,
    RegisterSource,
    SarifSource,
)
from gates.schema.time import parse_duration_s

LONGEST_TIMEOUT_S = 3600
LONGEST_UNREVIEWED_S = 7 * 86_400
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,99}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ABOUT = re.compile(r"[a-z0-9_-]+/[a-z0-9_-]+")
_POINTER = re.compile(r"(/([^~/]|~[01])*)*")
_OFFSET = re.compile(r"[+-](0[0-9]|1[0-4]):[0-5][0-9]")
_PERCENTILE = re.compile(r"p\(([0-9]{1,2}(?:\.[0-9]{1,6})?)\)")
_PLAIN = ("rate", "count", "value")
_STATISTICS = {"avg": "mean", "med": "median interpolated", "min": "minimum", "max": "maximum"}
_REDUCE = ("max", "min", "mean")
_LEVELS = ("error", "warning", "note")
_LOWER = (Operator.LTE, Operator.LT)
_HIGHER = (Operator.GTE, Operator.GT)


def source_faults(criterion: Criterion, priority: Priority) -> Iterator[str]:
    """Every fault of a criterion's source, and of the unit and operator that it is judged with."""
    source = criterion.source
    if isinstance(source, EvidenceSource):
        if not source.predicate_type or not source.measure:
            yield "the source names no predicate_type or no measure"
        return
    if isinstance(source, RegisterSource):
        yield from _register(criterion)
        return
    yield from _timeout_faults(source)
    for name in source.__struct_fields__:
        value = getattr(source, name)
        if isinstance(value, Place):
            yield from (f"source.{name} {text}" for text in _place_faults(value))
        elif name in ("path", "url", "query", "samples", "scraped", "metric", "number") and value == "":
            yield f"source.{name} is empty"
    yield from _list_faults(source)
    yield from _own_faults(criterion, source, priority)


def _timeout_faults(source: CollectedSource) -> Iterator[str]:
    try:
        seconds = parse_duration_s(source.timeout)
    except UsageProblem as problem:
        yield f"source.timeout {problem.message}"
        return
    if not 0 < seconds <= LONGEST_TIMEOUT_S:
        yield f"source.timeout {source.timeout} is not from 1ms to 1h"


def _place_faults(place: Place) -> Iterator[str]:
    if (place.pointer is None) == (place.pattern is None):
        yield "has to have a pointer or a pattern, and not both"
    if place.pointer is not None and not _POINTER.fullmatch(place.pointer):
        yield f"{place.pointer!r} is not a pointer (RFC 6901), such as /total/error_ratio"
    if place.pattern is not None:
        try:
            groups = re.compile(place.pattern).groups
        except re.error as error:
            yield f"{place.pattern!r} is not a regular expression: {error}"
            return
        if groups != 1:
            yield f"{place.pattern!r} has {groups} groups; the value is what its one group matches"


def _list_faults(source: CollectedSource) -> Iterator[str]:
    yield from (
        f"source.{name} is empty" for name in ("argv", "paths", "levels", "exit_codes") if getattr(source, name, None) == ()
    )
    yield from (f"source.{name} holds an empty text" for name in ("argv", "paths", "run") if "" in getattr(source, name, ()))
    names, codes = getattr(source, "environment", ()), getattr(source, "exit_codes", ())
    yield from (f"source.environment {name!r} is not a variable's name" for name in names if not _VARIABLE.fullmatch(name))
    yield from (f"source.exit_codes {code} is not an exit code from 0 to 255" for code in codes if not 0 <= code <= 255)
    offset = getattr(source, "utc_offset", None)
    if offset is not None and not _OFFSET.fullmatch(offset):
        yield f"source.utc_offset {offset!r} is not an offset from UTC, such as +00:00"
    if names and getattr(source, "run", None) == ():
        yield "source.environment is for `run`, which is not given"


def _own_faults(criterion: Criterion, source: CollectedSource, priority: Priority) -> Iterator[str]:
    check = _CHECKS.get(type(source))
    if check is not None:
        yield from check(criterion, source, priority)


def _command(criterion: Criterion, source: CommandSource, _: Priority) -> Iterator[str]:
    if source.value is None:
        yield from _of_unit(criterion, "count", "an exit code")
        if source.samples or source.failures:
            yield "source.samples and source.failures need source.value"


def _junit(criterion: Criterion, source: JunitSource, _: Priority) -> Iterator[str]:
    yield from _counted_faults(criterion, "the share of the test cases that passed", _HIGHER)
    if source.build or source.time:
        yield "source.build and source.time: JUnit files have build_property and their own timestamp"


def _locust(criterion: Criterion, _source: LocustSource, _: Priority) -> Iterator[str]:
    yield from _counted_faults(criterion, "the share of the requests that failed", _LOWER)


def _sarif(criterion: Criterion, source: SarifSource, _: Priority) -> Iterator[str]:
    yield from _of_unit(criterion, "count", "the number of open results")
    allowed = ", ".join(_LEVELS)
    yield from (f"source.levels {level!r} is not one of {allowed}" for level in source.levels if level not in _LEVELS)


def _k6(criterion: Criterion, source: K6Source, _: Priority) -> Iterator[str]:
    percentile = _PERCENTILE.fullmatch(source.number)
    wanted = f"p{percentile[1]} interpolated" if percentile else _STATISTICS.get(source.number)
    if wanted is None and source.number not in _PLAIN:
        yield f"source.number {source.number!r} is not one of {', '.join((*_PLAIN, *_STATISTICS))}, p(95)"
    elif criterion.statistic != wanted:
        yield f"the statistic of source.number {source.number} is {wanted or 'none'!r}, not {criterion.statistic or 'none'!r}"


def _range(criterion: Criterion, source: PrometheusSource, priority: Priority) -> Iterator[str]:
    yield from _address(criterion, source, priority)
    if source.range is None:
        return
    if source.range.reduce not in _REDUCE:
        yield f"source.range.reduce {source.range.reduce!r} is not one of {', '.join(_REDUCE)}"
    try:
        window, step = parse_duration_s(source.range.window), parse_duration_s(source.range.step)
    except UsageProblem as problem:
        yield f"source.range: {problem.message}"
        return
    if not 0 < step <= window or window / step > 10_000:
        yield f"source.range: a step of {source.range.step} does not divide {source.range.window} into 1 to 10000 parts"


def _own(_criterion: Criterion, source: OwnSource, _: Priority) -> Iterator[str]:
    if not _NAME.fullmatch(source.name):
        yield f"source.name {source.name!r} is not the name of an entry point"
    if _holds_float(source.options):
        yield 'source.options holds a number with a fraction: write it as a text, such as "0.5"'


def _of_unit(criterion: Criterion, unit: str, what: str) -> Iterator[str]:
    if criterion.unit != unit:
        yield f"the unit is {criterion.unit}: {what} is a {unit}"


def _counted_faults(criterion: Criterion, what: str, operators: tuple[Operator, ...]) -> Iterator[str]:
    if criterion.unit not in ("ratio", "count"):
        yield f"the unit is {criterion.unit}: this source has a ratio or a count"
    if criterion.unit == "ratio" and criterion.operator not in operators:
        yield f"the ratio is {what}: the operator is one of {', '.join(operators)}"
    if criterion.unit == "count" and criterion.operator in _HIGHER:
        yield "the count is that of failures: an operator such as lte limits it"


def _address(_criterion: Criterion, source: HttpSource | PrometheusSource, _: Priority) -> Iterator[str]:
    url = source.url
    if isinstance(source, HttpSource) and source.role is not None and not source.url.startswith("/"):
        yield "source.role is sent to the target only: source.url has to be a path of it"
    if url is None or (url.startswith("/") and isinstance(source, HttpSource)):
        return
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and " " not in url
    except ValueError:
        usable = False
    if not usable:
        yield "source.url is not an http or https address" + (
            ", or a path of the target" if isinstance(source, HttpSource) else ""
        )
    elif "@" in parts.netloc:
        yield "source.url holds a user name or a password: send them with source.headers, as ${NAME}"


def _attestation(criterion: Criterion, source: AttestationSource, priority: Priority) -> Iterator[str]:
    yield from _of_unit(criterion, "count", "an attestation")
    if not _ABOUT.fullmatch(source.about):
        yield f"source.about {source.about!r} is not GATE/CRITERION"
    if priority is Priority.P0:
        yield "an attestation is what a person states, and decides no P0 gate"
    if criterion.operator not in _HIGHER and criterion.operator is not Operator.EQ:
        yield 'an attestation in force is 1, and there is none at 0: write operator gte and threshold "1"'


def _register(criterion: Criterion) -> Iterator[str]:
    yield from _of_unit(criterion, "count", "the number of open items")
    if criterion.operator not in (*_LOWER, Operator.EQ):
        yield "the count is that of open items: an operator such as lte limits it"
    if criterion.statistic is not None or criterion.cohort is not None:
        yield "a register has neither a statistic nor a cohort"
    with suppress(UsageProblem):  # max_age has a check of its own
        if parse_duration_s(criterion.max_age) > LONGEST_UNREVIEWED_S:
            yield f"max_age {criterion.max_age}: a register that nobody reviewed for 7d is unknown"


def _holds_float(value: Json) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_float, value.values()))
    if isinstance(value, list):
        return any(map(_holds_float, value))
    return isinstance(value, float)


_CHECKS: dict[type, Callable[[Criterion, Any, Priority], Iterator[str]]] = {
    CommandSource: _command,
    JunitSource: _junit,
    LocustSource: _locust,
    SarifSource: _sarif,
    HttpSource: _address,
    PrometheusSource: _range,
    K6Source: _k6,
    AttestationSource: _attestation,
    OwnSource: _own,
}
