"""The adapter `locust`: requests and failures of Locust's statistics, as CSV or JSON."""

import csv
import io
from collections.abc import Sequence
from fractions import Fraction

import msgspec

from gates.adapters.files import fetch_files, made_at, one_build, origin_of
from gates.adapters.numbers import Text, count, where_text
from gates.adapters.shape import Adapter, Fetched, Found, Scene, Unanswered
from gates.confidence import plain, round_up
from gates.evidence.statement import Measure
from gates.schema.canonical import Json
from gates.schema.outcome import UnknownReason
from gates.schema.source import LocustSource, Request

ALL = "Aggregated"
ROUNDING = "Locust rounds response times to two significant digits and counts those of failures in: shown, never judged"
_NAME, _REQUESTS, _FAILURES = "Name", "Request Count", "Failure Count"


class _Row(msgspec.Struct, frozen=True):
    """One request's statistics."""

    name: str
    requests: int
    failures: int
    shown: dict[str, Json]
    time: str | None = None


def fetch(source: LocustSource, scene: Scene) -> Fetched:
    """The file."""
    return fetch_files(source, [source.path], scene)


def read(request: Request, fetched: Fetched) -> Found:
    """How many requests there were, and how many failed."""
    source = request.source
    assert isinstance(source, LocustSource), "the table pairs sources and adapters"
    ((name, data),) = fetched.files.items()
    document = Text(data, origin_of(fetched, name))
    rows = _json(document) if document.text.lstrip().startswith(("[", "{", "<")) else _csv(document)
    chosen = [row for row in rows if source.name in (None, row.name)]
    if source.name is not None and not chosen:
        raise Unanswered(UnknownReason.MISSING, f"{document.origin} has no request {source.name!r}")
    requests, failures = sum(row.requests for row in chosen), sum(row.failures for row in chosen)
    build = None if source.build is None else one_build([document.at(source.build)], where_text(source.build))
    own = document.at(source.time) if source.time is not None else max((row.time for row in chosen if row.time), default=None)
    time = made_at(source, fetched, [own], build)
    shown: dict[str, Json] = {"response_times": {row.name: row.shown for row in chosen[:50]}, "response_times_are": ROUNDING}
    return Found(_measure(request, requests, failures), build, time, shown)


def _measure(request: Request, requests: int, failures: int) -> Measure:
    if not requests:
        return Measure(None, request.unit, unknown=UnknownReason.TOO_FEW_SAMPLES, detail="no request was made")
    if request.unit == "count":
        return Measure(str(failures), "count", samples=requests)
    return Measure(plain(round_up(Fraction(failures, requests))), request.unit, samples=requests, failures=failures)


def _csv(document: Text) -> Sequence[_Row]:
    """The rows of PREFIX_stats.csv; the last one counts all of them, so that a file that was cut is found."""
    try:
        found = list(csv.DictReader(io.StringIO(document.text), strict=True))
    except csv.Error:
        found = []
    if not found or any(name not in found[0] for name in (_NAME, _REQUESTS, _FAILURES)):
        text = f"{document.origin} is not Locust's PREFIX_stats.csv: it lacks {_NAME}, {_REQUESTS} or {_FAILURES}"
        raise Unanswered(UnknownReason.ADAPTER_ERROR, text)
    rows = [_row(line, document.origin) for line in found]
    total = next((row for row in rows if row.name == ALL), None)
    others = [row for row in rows if row.name != ALL]
    counted = (sum(row.requests for row in others), sum(row.failures for row in others))
    if total is None or counted != (total.requests, total.failures):
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{document.origin}: the rows do not add up to {ALL}: it is not whole")
    return others


def _row(line: dict[str, str], origin: str) -> _Row:
    shown: dict[str, Json] = {name: line[name] for name in ("50%", "95%", "99%") if line.get(name)}
    requests, failures = (count((line[name] or "").strip(), f"{origin}: {name}") for name in (_REQUESTS, _FAILURES))
    return _Row((line[_NAME] or "").strip(), requests, failures, shown)


def _json(document: Text) -> Sequence[_Row]:
    value = document.value
    items = value if isinstance(value, list) else []
    if not items or not all(isinstance(item, dict) and {"name", "num_requests", "num_failures"} <= item.keys() for item in items):
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{document.origin} is not a list of Locust's statistics (--json)")
    return [_json_row(item, document.origin) for item in items if isinstance(item, dict)]


def _json_row(item: dict[str, Json], origin: str) -> _Row:
    requests, failures = (count(str(item[name]), f"{origin}: {name}") for name in ("num_requests", "num_failures"))
    last = item.get("last_request_timestamp")
    return _Row(str(item["name"]), requests, failures, {}, last if isinstance(last, str) else None)


ADAPTER = Adapter(fetch, read)
