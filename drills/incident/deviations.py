"""What was not as it had to be in a rehearsal of an incident, in words. Pure."""

from collections.abc import Iterator, Mapping

from drills.incident.judge import Judged, is_off
from drills.incident.measures import Case


def deviations(case: Case) -> Iterator[str]:
    """One line for each thing, naming the monitoring."""
    for one in case.judged:
        yield from (f"{one.watch}: {text}" for text in _of(case, one))


def _of(case: Case, one: Judged) -> Iterator[str]:
    yield from (f"{name} paged before the fault" for name in one.early)
    yield from (f"{name} paged, which is not the page of this fault" for name in one.unexpected)
    words = _labels(case.expected.alert)
    if one.times.received is None:
        yield f"no page for {words} arrived{_due(one)}"
        return
    if one.wrong_first:
        yield f"{one.wrong_first} fired first, not {_labels(one.due_first)}"
    if is_off(case.expected, one):
        yield f"the page for {words} arrived {_off(one)}"
    if set(case.called) != set(one.people):
        yield f"the page called {', '.join(one.people)}, not {', '.join(case.called)}"
    if one.times.resolved is None:
        yield "no notification arrived that the alert is resolved"
    if one.without_runbook:
        yield "the page names no runbook"


def _labels(labels: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in labels.items())


def _off(one: Judged) -> str:
    if one.off_by_s is None:
        return "although by the samples none was due"
    return f"{abs(one.off_by_s):.1f} s {'after' if one.off_by_s > 0 else 'before'} its exact moment"


def _due(one: Judged) -> str:
    if one.times.exact is None or one.times.first_bad is None:
        return ", and by the samples none was due"
    return f"; by the samples it was due {one.times.exact - one.times.first_bad:.1f} s after the first bad event"
