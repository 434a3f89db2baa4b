"""The adapter `k6`: one number of a summary, from `--summary-export` or from the data of `handleSummary`."""

from gates.adapters.files import fetch_files, made_at, one_build, origin_of
from gates.adapters.numbers import Text, count, decimal, where_text
from gates.adapters.shape import Adapter, Fetched, Found, Scene, Unanswered
from gates.evidence.statement import Measure
from gates.schema.canonical import Json
from gates.schema.outcome import UnknownReason
from gates.schema.source import K6Source, Request

_BAD = {"http_req_failed": "passes", "checks": "fails"}
"""Of a rate, which of its two counts is that of the bad ones."""


def fetch(source: K6Source, scene: Scene) -> Fetched:
    """The summary."""
    return fetch_files(source, [source.path], scene)


def read(request: Request, fetched: Fetched) -> Found:
    """Its number."""
    source = request.source
    assert isinstance(source, K6Source), "the table pairs sources and adapters"
    ((name, data),) = fetched.files.items()
    document = Text(data, origin_of(fetched, name))
    numbers = _numbers(document, source.metric)
    build = None if source.build is None else one_build([document.at(source.build)], where_text(source.build))
    own = None if source.time is None else document.at(source.time)
    time = made_at(source, fetched, [own], build)
    return Found(_measure(request, source, document, numbers), build, time)


def _measure(request: Request, source: K6Source, document: Text, numbers: dict[str, str]) -> Measure:
    where = f"{document.origin}: {source.metric}"
    key = "value" if source.number == "rate" and "rate" not in numbers else source.number
    if key not in numbers:
        known = ", ".join(sorted(numbers))
        raise Unanswered(UnknownReason.MISSING, f"{where} has no {source.number}; it has {known}")
    failures = None
    if "passes" in numbers and "fails" in numbers:  # a rate, whose two counts are its samples
        samples = count(numbers["passes"], where) + count(numbers["fails"], where)
        failures = count(numbers[_BAD[source.metric]], where) if source.metric in _BAD and request.unit == "ratio" else None
    else:
        counted = numbers if "count" in numbers else _numbers(document, source.samples_metric)
        samples = count(counted.get("count", "0"), where)
    value = decimal(numbers[key], f"{where} {key}")
    return Measure(value, request.unit, samples=samples, failures=failures, statistic=request.statistic)


def _numbers(document: Text, metric: str) -> dict[str, str]:
    """The numbers of a metric: directly in it, or in its `values`."""
    metrics = document.value.get("metrics") if isinstance(document.value, dict) else None
    if not isinstance(metrics, dict):
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{document.origin} is not a summary of k6: it has no `metrics`")
    found = metrics.get(metric)
    if not isinstance(found, dict):
        raise Unanswered(UnknownReason.MISSING, f"{document.origin} has no metric {metric!r}")
    values: Json = found.get("values", found)
    if not isinstance(values, dict):
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{document.origin}: the metric {metric!r} has no numbers")
    return {name: value for name, value in values.items() if isinstance(value, str)}


ADAPTER = Adapter(fetch, read)
