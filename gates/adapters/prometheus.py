"""The adapter `prometheus`: one number that Prometheus computes now, over samples, from things that are all scraped."""

import datetime as dt
from decimal import Decimal
from typing import TypeVar

import msgspec

from gates.adapters.files import moment
from gates.adapters.numbers import count, decimal, read_json
from gates.adapters.shape import LIMIT_BYTES, Adapter, Fetched, Found, Notes, Scene, Unanswered
from gates.adapters.web import get
from gates.evidence.statement import Measure
from gates.schema.outcome import UnknownReason
from gates.schema.printable import printable
from gates.schema.source import PrometheusSource, Range, Request
from gates.schema.time import format_utc, parse_duration_s, parse_utc

STALE_AFTER_S = 300
"""Seconds. Prometheus itself takes a series that got no sample for five minutes for gone."""
_Kind = TypeVar("_Kind")


class _Point(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A moment in seconds since 1970, and the value then."""

    time: str
    value: str


class _Series(msgspec.Struct, frozen=True):
    """One series of an answer; every number in it is the text that stands there."""

    metric: dict[str, str] = {}
    value: _Point | None = None
    values: tuple[_Point, ...] = ()


class _Data(msgspec.Struct, frozen=True, rename={"result_type": "resultType"}):
    result_type: str
    result: object = None


class _Answer(msgspec.Struct, frozen=True):
    status: str
    data: _Data | None = None
    error: str = ""
    warnings: tuple[str, ...] = ()


def fetch(source: PrometheusSource, scene: Scene) -> Fetched:
    """The answers of all its queries, whatever their status: an error of Prometheus is JSON, too."""
    timeout_s, base = parse_duration_s(source.timeout), scene.url.rstrip("/")
    queries = {"samples": source.samples, "scraped": source.scraped}
    queries |= {} if source.failures is None else {"failures": source.failures}
    files = {}
    for name, query in queries.items():
        files[f"{name}.json"] = get(f"{base}/api/v1/query", scene.headers, timeout_s, {"query": query, "time": scene.now}).body
    path, params = "query", {"query": source.query, "time": scene.now}
    if source.range is not None:
        begin = parse_utc(scene.now) - dt.timedelta(seconds=parse_duration_s(source.range.window))
        step = f"{parse_duration_s(source.range.step):g}"
        path, params = "query_range", {"query": source.query, "start": format_utc(begin), "end": scene.now, "step": step}
    files["query.json"] = get(f"{base}/api/v1/{path}", scene.headers, timeout_s, params).body
    if sum(map(len, files.values())) > LIMIT_BYTES:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"the answers hold more than {LIMIT_BYTES} bytes")
    return Fetched(Notes(scene.now, is_live=True), files)


def read(request: Request, fetched: Fetched) -> Found:
    """The number, if every thing is scraped, and no answer is in part, old or with a warning."""
    source, at = request.source, parse_utc(fetched.notes.at)
    assert isinstance(source, PrometheusSource), "the table pairs sources and adapters"
    scraped = _scraped(fetched.files["scraped.json"])
    value = _reduced(source.range, fetched.files["query.json"], at) if source.range else _single("query", fetched, at)
    samples = count(_single("samples", fetched, at), "samples")
    failures = None if source.failures is None else count(_single("failures", fetched, at), "failures", up=True)
    measure = Measure(value, request.unit, samples=samples, failures=failures, statistic=request.statistic)
    return Found(measure, shown={"scraped": scraped})


def _single(name: str, fetched: Fetched, at: dt.datetime) -> str:
    """The decimal of a query that gives exactly one series, or a scalar."""
    answer = _answered(fetched.files[f"{name}.json"], name)
    if answer.result_type == "scalar":
        return _fresh(_convert(answer.result, _Point, name), name, at)
    series = _one(answer, "vector", name)
    if series.value is None:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{name}: the series has no number: a histogram is none")
    return _fresh(series.value, name, at)


def _reduced(window: Range, data: bytes, at: dt.datetime) -> str:
    series = _one(_answered(data, "query"), "matrix", "query")
    wanted = int(parse_duration_s(window.window) / parse_duration_s(window.step)) + 1
    if len(series.values) < wanted:
        text = f"query: {len(series.values)} of {wanted} steps have a value: the range is not whole"
        raise Unanswered(UnknownReason.ADAPTER_ERROR, text)
    numbers = [Decimal(decimal(point.value, "query")) for point in series.values]
    _fresh(series.values[-1], "query", at)
    reduced = {"max": max(numbers), "min": min(numbers), "mean": sum(numbers) / len(numbers)}
    return str(reduced[window.reduce])


def _scraped(data: bytes) -> int:
    """How many things are scraped; raises Unanswered if one is not up, or if there is none."""
    answer = _answered(data, "scraped")
    series = _convert(answer.result, tuple[_Series, ...], "scraped") if answer.result_type == "vector" else ()
    if not series:
        raise Unanswered(UnknownReason.MISSING, "scraped: no series: nothing that is measured is scraped")
    down = [one for one in series if one.value is None or one.value.value != "1"]
    if down:
        labels = ", ".join(f"{name}={value}" for name, value in sorted(down[0].metric.items()))
        text = f"scraped: {len(down)} of {len(series)} are not 1: what they count is missing ({printable(labels)})"
        raise Unanswered(UnknownReason.ADAPTER_ERROR, text)
    return len(series)


def _answered(data: bytes, name: str) -> _Data:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{name}: the answer is not text in UTF-8") from None
    answer = _convert(read_json(text, f"{name}: the answer"), _Answer, name)
    if answer.status != "success" or answer.data is None:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{name}: Prometheus answered {printable(answer.error or answer.status)}")
    if answer.warnings:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{name}: the answer has a warning: {printable(answer.warnings[0][:200])}")
    return answer.data


def _one(answer: _Data, kind: str, name: str) -> _Series:
    if answer.result_type != kind:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{name}: the result is a {printable(answer.result_type)}, not a {kind}")
    series = _convert(answer.result, tuple[_Series, ...], name)
    if not series:
        raise Unanswered(UnknownReason.MISSING, f"{name}: the result is empty: no series")
    if len(series) > 1:
        text = f"{name}: {len(series)} series, not one: aggregate them, such as with sum()"
        raise Unanswered(UnknownReason.ADAPTER_ERROR, text)
    return series[0]


def _fresh(point: _Point, name: str, at: dt.datetime) -> str:
    time = moment(point.time, None)
    if abs((at - time).total_seconds()) > STALE_AFTER_S:
        text = f"{name}: the value is of {format_utc(time)}, more than {STALE_AFTER_S} s from the query"
        raise Unanswered(UnknownReason.STALE, text)
    return decimal(point.value, name)


def _convert(value: object, kind: type[_Kind], name: str) -> _Kind:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{name}: not an answer of Prometheus: {error}") from None


ADAPTER = Adapter(fetch, read)
