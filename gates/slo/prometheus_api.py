"""Queries to a Prometheus server over its HTTP API; what it does not answer plainly is no answer."""

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

import msgspec

from gates.adapters.numbers import read_json
from gates.adapters.shape import Unanswered
from gates.adapters.web import get
from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.printable import printable
from gates.schema.time import format_utc, parse_duration_s

TIMEOUT_S = 60.0
MOST_DAYS = 3660
_NEXT = "give the address of a Prometheus server, such as http://127.0.0.1:9090"
_NUMBER = re.compile(r"-?[0-9]{1,320}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,3})?")
"""A number as Prometheus writes it, which is a double: nothing that takes long to read."""
_NOT_FINITE = ("NaN", "+Inf", "-Inf")
Data = TypeVar("Data")


class Point(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A moment in seconds since 1970, and the value then, both as text."""

    time: str
    value: str


class SeriesData(msgspec.Struct, frozen=True):
    """One series of an answer: a value, or values over a range."""

    metric: dict[str, str] = {}
    value: Point | None = None
    values: tuple[Point, ...] = ()


class Result(msgspec.Struct, frozen=True, rename={"result_type": "resultType"}):
    """What a query gives."""

    result_type: str
    result: object = ()


class _Answer(msgspec.Struct, frozen=True):
    status: str
    data: object = None
    error: str = ""
    warnings: tuple[str, ...] = ()


class Prometheus:
    """One server; `raw` are the answers by the names that queries are given, for whoever keeps them."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self._base = url.rstrip("/")
        self._headers = dict(headers or {})
        self.raw: dict[str, bytes] = {}

    def instant(self, query: str, at: dt.datetime, *, name: str = "") -> tuple[SeriesData, ...]:
        """The series of a query at a moment; a scalar is one series without labels."""
        return self._series("query", {"query": query, "time": format_utc(at)}, name)

    def number(self, query: str, at: dt.datetime, *, name: str = "") -> Decimal | None:
        """The one number of a query; None for no series, or a value that is none."""
        return _number(self.instant(query, at, name=name), query)

    def over(self, query: str, begin: dt.datetime, end: dt.datetime, step_s: int) -> tuple[SeriesData, ...]:
        """The series of a query over a time, a value each `step_s` seconds."""
        params = {"query": query, "start": format_utc(begin), "end": format_utc(end), "step": str(step_s)}
        return self._series("query_range", params, "")

    def status(self, path: str, kind: type[Data], **params: str) -> Data:
        """What the server reports about its own state at a path below /api/v1."""
        return self._asked(path, params, kind, "")

    def _series(self, path: str, params: Mapping[str, str], name: str) -> tuple[SeriesData, ...]:
        return _series(self._asked(path, params, Result, name), path)

    def _asked(self, path: str, params: Mapping[str, str], kind: type[Data], name: str) -> Data:
        url = f"{self._base}/api/v1/{path}"
        try:
            body = get(url, self._headers, TIMEOUT_S, dict(params)).body
        except Unanswered as problem:
            raise UnknownProblem(str(problem), next_step=_NEXT) from None
        if name:
            self.raw[name] = body
        return answer_of(body, kind, url)


def lasting(text: str) -> dt.timedelta:
    """How far back somebody wants to look; raises UsageProblem for a time that is none, or that no server has."""
    seconds = parse_duration_s(text)
    if not 1 <= seconds <= MOST_DAYS * 86_400:
        raise UsageProblem(f"{text!r} is not a time from 1s to {MOST_DAYS}d", next_step="give one such as 6h")
    return dt.timedelta(seconds=seconds)


def number_in(body: bytes, origin: str) -> Decimal | None:
    """The one number of a kept answer to a query; None for no series, or a value that is none."""
    return _number(_series(answer_of(body, Result, origin), origin), origin)


def answer_of(body: bytes, kind: type[Data], origin: str) -> Data:
    """What an answer holds; raises UnknownProblem for an error of Prometheus, a warning, and for anything else than its JSON."""
    try:
        answer = msgspec.convert(read_json(body.decode(), origin), _Answer)
    except (Unanswered, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise UnknownProblem(f"{origin}: not an answer of Prometheus: {printable(str(error)[:200])}", next_step=_NEXT) from None
    if answer.status != "success":
        raise UnknownProblem(f"{origin}: Prometheus answered {printable(answer.error or answer.status)[:300]}")
    if answer.warnings:
        raise UnknownProblem(f"{origin}: the answer has a warning: {printable(answer.warnings[0][:200])}")
    return _converted(answer.data, kind, origin)


def _series(data: Result, origin: str) -> tuple[SeriesData, ...]:
    if data.result_type == "scalar":
        found: tuple[SeriesData, ...] = (SeriesData(value=_converted(data.result, Point, origin)),)
    else:
        found = _converted(data.result, tuple[SeriesData, ...], origin)
    for series in found:
        for point in (*filter(None, (series.value,)), *series.values):
            _require_numbers(point, origin)
    return found


def _require_numbers(point: Point, origin: str) -> None:
    for text in (point.time, point.value):
        if not _NUMBER.fullmatch(text) and (text == point.time or text not in _NOT_FINITE):
            raise UnknownProblem(f"{origin}: not an answer of Prometheus: no number is {printable(text[:60])!r}", next_step=_NEXT)


def _number(found: tuple[SeriesData, ...], origin: str) -> Decimal | None:
    if len(found) > 1:
        raise UnknownProblem(f"{origin}: {len(found)} series, not one")
    if not found or found[0].value is None:
        return None
    value = Decimal(found[0].value.value)
    return value if value.is_finite() else None


def _converted(value: object, kind: type[Data], origin: str) -> Data:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise UnknownProblem(f"{origin}: not an answer of Prometheus: {error}", next_step=_NEXT) from None
