"""What the service reports over HTTP: whether it is ready, its mode, its time, and which instance it is."""

import datetime as dt
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import httpx
import msgspec

from drills.child import Pause
from gates.schema.cached import cache_fault
from gates.schema.canonical import Json
from gates.schema.credential import resolve_credential
from gates.schema.errors import UnknownProblem
from gates.schema.pointer import read_pointer
from gates.schema.reach import connection_hint
from gates.schema.secret import redact
from gates.schema.target import Target, resolve_base_url
from gates.schema.time import monotonic_s
from gates.schema.tls import tls_for

_FRESH = {"Cache-Control": "no-cache"}


def wait_answer(target: Target, environ: Mapping[str, str], within_s: float, pause: Pause, timeout_s: float = 2.0) -> bool:
    """Whether the ready path responds 2xx within the time; requested at least once."""
    url = resolve_base_url(target, environ) + target.ready_path
    headers = ready_headers(target, environ)
    deadline = monotonic_s() + within_s
    with httpx.Client(timeout=timeout_s, trust_env=False, verify=tls_for(url, target, environ)) as client:
        while True:
            try:
                if client.get(url, headers=headers).is_success:
                    return True
            except httpx.TransportError:
                pass
            if monotonic_s() >= deadline:
                return False
            pause(0.02)


def ready_headers(target: Target, environ: Mapping[str, str]) -> dict[str, str]:
    """The headers of a request for the ready path: the credential of `ready_role`, if there is one."""
    return {} if target.ready_role is None else resolve_credential(target, target.ready_role, environ).line


def read_mode(target: Target, environ: Mapping[str, str]) -> str:
    """The mode that the service reports, such as normal or paused; raises UnknownProblem if the response does not contain it."""
    where = target.mode
    assert where is not None, "the caller has looked"
    found = _value_at(_ask(target, where.path, environ, "the mode"), where.path, where.pointer, "the mode")
    if not isinstance(found, str):
        raise UnknownProblem(f"{where.path} has {found!r} at {where.pointer}, but a mode is a text")
    return found


def read_clock(target: Target, environ: Mapping[str, str]) -> dt.datetime:
    """The time of the service's own clock, where its target says, else by the `Date` header of its ready path.

    Raises UnknownProblem for an answer without one.
    """
    if target.clock is not None:
        path, pointer = target.clock.path, target.clock.pointer
        found = _value_at(_ask(target, path, environ, "the time"), path, pointer, "the time")
        try:
            there = dt.datetime.fromisoformat(str(found))
        except ValueError:
            raise UnknownProblem(f"{path} has {found!r} at {pointer}, but a time is RFC 3339") from None
    else:
        path, there = target.ready_path, _date_of(target, environ)
    if there.tzinfo is None:
        raise UnknownProblem(f"{path} returns a time without a zone")
    return there


def _date_of(target: Target, environ: Mapping[str, str]) -> dt.datetime:
    url = resolve_base_url(target, environ) + target.ready_path
    tls, headers = tls_for(url, target, environ), ready_headers(target, environ)
    try:
        return parsedate_to_datetime(httpx.get(url, headers=headers, timeout=2.0, trust_env=False, verify=tls).headers["Date"])
    except (httpx.TransportError, KeyError, ValueError, OverflowError) as error:
        raise UnknownProblem(f"{target.ready_path} does not return the service's time: {error or type(error).__name__}") from None


def read_instance(target: Target, environ: Mapping[str, str]) -> str:
    """The id of the instance that answers now, on a new connection; raises UnknownProblem if the response does not contain it."""
    where = target.instance
    assert where is not None, "the caller has looked"
    answer = _ask(target, where.path, environ, "the instance")
    if not answer.is_success:
        raise UnknownProblem(f"{where.path} returned {answer.status_code}, without an instance")
    if where.header:
        place, found = f"the header {where.header}", str(answer.headers.get(where.header, ""))
    elif where.metric:
        place, found = f"the metric {where.metric}", _metric(answer.text, where.metric)
    else:
        place, value = str(where.pointer), _value_at(answer, where.path, str(where.pointer), "the instance")
        found = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    if not found:
        raise UnknownProblem(f"{where.path} returned no instance at {place}: a text or a number that changes with each start")
    return found


def _ask(target: Target, path: str, environ: Mapping[str, str], what: str) -> httpx.Response:
    role = "operator" if "operator" in target.credentials else next(iter(target.credentials), None)
    headers = resolve_credential(target, role, environ).line if role else {}
    url = resolve_base_url(target, environ) + path
    try:
        answer = httpx.get(url, headers={**headers, **_FRESH}, timeout=5.0, trust_env=False, verify=tls_for(url, target, environ))
    except httpx.TransportError as error:
        trouble = redact(repr(error), headers.values())
        raise UnknownProblem(f"{path} does not return {what}: {trouble}", next_step=connection_hint(target, error)) from None
    if fault := cache_fault(answer.headers):
        raise UnknownProblem(f"{path}: {fault}: it does not show {what}", next_step="let this read reach the service itself")
    return answer


def _value_at(answer: httpx.Response, path: str, pointer: str, what: str) -> Json:
    try:
        return read_pointer(msgspec.json.decode(answer.content), pointer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnknownProblem(f"{path} does not return {what} at {pointer}: {type(error).__name__}: {error}") from None


def _metric(text: str, name: str) -> str:
    """Every sample of a Prometheus metric, as one text; "" if there is none."""
    sample = re.compile(rf"{re.escape(name)}(?:\{{.*\}})?\s+(\S+).*")
    return " ".join(match[1] for line in text.splitlines() if (match := sample.fullmatch(line)))
