"""From judged monitorings to the measures that gates read. Pure."""

from collections.abc import Callable, Sequence

import msgspec

from drills.incident.judge import Expected, Instants, Judged, is_off
from gates.evidence.statement import Measure
from gates.schema.outcome import UnknownReason


class _Count(msgspec.Struct, frozen=True):
    """One count over all monitorings: what is wrong with one, and how much could have been wrong with it."""

    wrong: Callable[["Case", Judged], int]
    chances: Callable[["Case", Judged], int]


class Case(msgspec.Struct, frozen=True):
    """Everything that is known about one rehearsal; `called` are the people who had to be called.

    `people` is set where a person acknowledged the page, and not the drill.
    """

    expected: Expected
    called: tuple[str, ...]
    instants: Instants
    judged: tuple[Judged, ...]
    people: bool = False


def _arrived(_case: Case, one: Judged) -> int:
    return one.times.received is not None


_COUNTS = {
    "pages_missing": _Count(lambda _, one: one.times.received is None, lambda _case, _one: 1),
    "pages_off_time": _Count(lambda case, one: is_off(case.expected, one) or bool(one.wrong_first), _arrived),
    "pages_unexpected": _Count(
        lambda _, one: len(one.early) + len(one.unexpected), lambda _, one: one.page_alerts if one.control_scrapes else 0
    ),
    "pages_to_others": _Count(
        lambda case, one: len(set(case.called) ^ set(one.people)), lambda case, one: _arrived(case, one) * len(case.called)
    ),
    "pages_unresolved": _Count(lambda _, one: one.times.resolved is None, _arrived),
    "pages_without_runbook": _Count(lambda _, one: one.without_runbook, _arrived),
}
_ALWAYS = ("pages_missing", "pages_unexpected")  # the others are about a page that arrived


def incident_measures(case: Case | None, reason: UnknownReason) -> dict[str, Measure]:
    """The counts and times; unknown for `reason` without a case, and for too few samples where nothing could go wrong."""
    if case is None:
        nothing = {name: Measure(None, "count", unknown=reason) for name in _COUNTS}
        return nothing | {name: Measure(None, "s", unknown=reason) for name in _TIMES}
    counts = {name: _counted(case, name, count) for name, count in _COUNTS.items()}
    return counts | {name: time(case, reason) for name, time in _TIMES.items()}


def _counted(case: Case, name: str, count: _Count) -> Measure:
    among = [one for one in case.judged if name in _ALWAYS or one.times.received is not None]
    chances = sum(count.chances(case, one) for one in among)
    if not chances:
        why = "no page arrived" if name not in _ALWAYS else "no monitoring scraped the service in a control run"
        return Measure(None, "count", unknown=UnknownReason.TOO_FEW_SAMPLES, detail=why)
    parts = {}
    if name == "pages_unexpected":
        parts = {"control_scrapes": min(one.control_scrapes for one in case.judged)}
    detail = _arrivals(case) if name == "pages_missing" else ""
    return Measure(str(sum(count.wrong(case, one) for one in among)), "count", samples=chances, detail=detail, made_of=parts)


def _first_bad(case: Case, reason: UnknownReason) -> Measure:
    return _longest([_since(one.times.first_bad, case.instants.injected) for one in case.judged], reason)


def _page(case: Case, reason: UnknownReason) -> Measure:
    return _longest([_since(one.times.received, case.instants.injected) for one in case.judged], reason)


def _acknowledge(case: Case, reason: UnknownReason) -> Measure:
    """From the first page to its acknowledgement; that of the drill itself says nothing about people."""
    if case.instants.acknowledged is not None and not case.people:
        return Measure(None, "s", unknown=UnknownReason.DRY_RUN, detail="the drill acknowledged the page, not a person")
    received = [one.times.received for one in case.judged if one.times.received is not None]
    return _longest([_since(case.instants.acknowledged, min(received, default=None))], reason)


def _resolve(case: Case, reason: UnknownReason) -> Measure:
    return _longest([_since(one.times.resolved, case.instants.mitigated) for one in case.judged], reason)


_TIMES: dict[str, Callable[[Case, UnknownReason], Measure]] = {
    "first_bad_s": _first_bad,
    "page_s": _page,
    "acknowledge_s": _acknowledge,
    "resolve_s": _resolve,
}


def _since(moment: float | None, begun: float | None) -> float | None:
    return None if moment is None or begun is None else moment - begun


def _longest(spans: Sequence[float | None], reason: UnknownReason) -> Measure:
    """The longest of these times; unknown if one of them is not known."""
    known = [span for span in spans if span is not None]
    if not known or len(known) < len(spans):
        return Measure(None, "s", unknown=reason)
    return Measure(f"{max(known):.3f}", "s", samples=len(known), statistic="max")


def _arrivals(case: Case) -> str:
    """How far from its exact moment each page arrived."""
    words = ((one.watch, "none" if one.off_by_s is None else f"{one.off_by_s:+.1f} s") for one in case.judged)
    return "from the exact moment: " + ", ".join(f"{watch} {text}" for watch, text in words)
