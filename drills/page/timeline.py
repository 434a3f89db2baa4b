"""The drill on one time axis: its steps, what its clients saw, each fault, the pages; and the same as tables. Pure."""

from collections.abc import Iterator

from drills.incident.judge import Judged
from drills.journal import Event, Phase, Status, is_dry_run
from drills.objectives import returns
from drills.page.material import Material
from drills.page.model import LaneRow, StepRow, Table, table_of
from drills.report import what_of
from gates.page.charts import TimelineEvent, phase_class
from gates.page.lanes import Mark, Slot, Span, columns, lane
from gates.page.words import clock, counted

_SLOTS = 100
_PHASES = {"inject": "chaos", "observe": "chaos", "rollback": "unknown", "verify": "pass", "done": "pass", "bad": "fail"}
_UNSEEN = ("process", "scratch")
_NOT = "not seen"


def lanes(material: Material) -> tuple[LaneRow, ...]:
    """Every lane, from above: steps, clients, faults, steady state, monitorings."""
    return tuple(_lanes(material))


def _lanes(material: Material) -> Iterator[LaneRow]:
    whole = material.whole_ms
    yield LaneRow("Steps, by phase", lane(_steps(material), (), whole, f"The steps of the drill, {clock(whole)} in all"))
    if material.markers:
        slots = _slots(material)
        good, refused, bad = (sum(getattr(one, name) for one in slots) for name in ("good", "refused", "bad"))
        words = f"{counted(good, 'attempt')} acknowledged, {refused:,} refused, {bad:,} without a usable answer"
        yield LaneRow(f"What clients saw: {words}", columns(slots, words))
    for number, (name, cells) in enumerate(_faults(material)):
        spans = tuple(_fault_spans(material, number))
        seen = Mark("ink", material.since_ms(material.lives.faults[number].seen_ns), f"seen at {cells[1]}")
        words = ", ".join(f"{head.lower()} {cell}" for head, cell in zip(_FAULT_HEADS[1:-1], cells[:-1], strict=True))
        yield LaneRow(f"Fault: {name}", lane(spans, (seen,), whole, f"{name}: {words}"))
    held = _held(material)
    if held:
        words = f"The steady state held at {', '.join(clock(at) for at in held)}"
        yield LaneRow("The steady state held", lane((), (Mark("pass", at, f"held at {clock(at)}") for at in held), whole, words))
    for one in material.case.judged if material.case else ():
        words = ", ".join(f"{name} {cell}" for name, cell in zip(_PAGE_TIMES, _page_cells(material, one), strict=True))
        yield LaneRow(f"Page, by monitoring {one.watch}", lane(_page_spans(material, one), (), whole, f"{one.watch}: {words}"))


def _steps(material: Material) -> Iterator[Span]:
    begins: dict[tuple[str, str, str], int] = {}
    for event in material.events:
        key = (event.phase, event.action, event.step)
        if event.status is Status.STARTED:
            begins[key] = material.since_ms(event.monotonic_ns)
        elif key in begins:
            style = _PHASES.get(_style(event), "soft")
            yield Span(style, begins.pop(key), material.since_ms(event.monotonic_ns), _what(event))


def _slots(material: Material) -> tuple[Slot, ...]:
    cells = [[0, 0, 0] for _ in range(_SLOTS)]
    for marker in material.markers:
        place = material.since_ms(marker.ended_ns) * _SLOTS // material.whole_ms
        cells[min(max(place, 0), _SLOTS - 1)][2 if marker.bad else 0 if marker.acknowledged else 1] += 1
    return tuple(Slot(*cell) for cell in cells)


def _fault_spans(material: Material, number: int) -> Iterator[Span]:
    """The fault until it was detected, until it was taken back, and until clients had answers again."""
    fault, back_ns = list(returns(material.lives))[number]
    end_ns = material.events[-1].monotonic_ns if fault.cleared_ns is None else fault.cleared_ns
    moments = [
        (fault.at_ns, "fail", "injected"),
        (fault.detected_ns, "chaos", "detected"),
        (fault.cleared_ns, "unknown", "taken back"),
    ]
    known = [(at_ns, style, words) for at_ns, style, words in moments if at_ns is not None]
    ends = [at_ns for at_ns, _, _ in known[1:]] + [max(end_ns, back_ns or end_ns)]
    for (at_ns, style, words), until_ns in zip(known, ends, strict=True):
        if until_ns > at_ns:
            begin, end = material.since_ms(at_ns), material.since_ms(until_ns)
            yield Span(style, begin, end, f"{words} at {clock(begin)}, until {clock(end)}")


def _held(material: Material) -> list[int]:
    names = ("steady_state", "await_steady_state")
    good = (one for one in material.events if one.action in names and one.status is Status.SUCCEEDED)
    return [material.since_ms(one.monotonic_ns) for one in good]


_FAULT_HEADS = ("Fault", "Injected", "Seen", "Detected", "Taken back", "Clients served again", "What showed it")


def faults_table(material: Material) -> Table | None:
    """Each fault with its moments; None for a drill without one."""
    rows = tuple(_faults(material))
    return table_of("The faults and their moments, in seconds since the drill began", _FAULT_HEADS, rows) if rows else None


def _faults(material: Material) -> Iterator[tuple[str, tuple[str, ...]]]:
    for fault, back_ns in returns(material.lives):
        moments = (fault.at_ns, fault.seen_ns, fault.detected_ns, fault.cleared_ns, back_ns)
        yield fault.name, (*(_clock(material, at_ns) for at_ns in moments), fault.seen)


_PAGE_TIMES = ("injected", "first bad", "firing", "received", "acknowledged", "mitigated", "resolved")


def incident_table(material: Material) -> Table | None:
    """The moments of the page, by monitoring; None for a drill that waits for no page."""
    if material.case is None:
        return None
    columns_of = [_page_cells(material, one) for one in material.case.judged]
    rows = ((name.capitalize(), cells) for name, *cells in zip(_PAGE_TIMES, *columns_of, strict=True))
    heads = ("Moment", *(f"Monitoring {one.watch}" for one in material.case.judged))
    return table_of("The page of the incident, in seconds since the drill began", heads, rows)


def _page_cells(material: Material, one: Judged) -> list[str]:
    return [_NOT if at_ms is None else clock(at_ms) for at_ms in _page_moments(material, one)]


def _page_moments(material: Material, one: Judged) -> list[int | None]:
    assert material.case is not None, "a monitoring was judged"
    instants, times = material.case.instants, one.times
    found = [instants.injected, times.first_bad, times.firing, times.received]
    found += [instants.acknowledged, instants.mitigated, times.resolved]
    return [None if at is None else material.at_ms(at) for at in found]


def _page_spans(material: Material, one: Judged) -> Iterator[Span]:
    """From the injection to the page, on to the mitigation, and to the end of the alert."""
    injected, _, _, received, _, mitigated, resolved = _page_moments(material, one)
    steps = ((injected, received, "fail", "no page yet"), (received, mitigated, "chaos", "paged"))
    for begin, end, style, words in (*steps, (mitigated, resolved, "unknown", "mitigated, still firing")):
        if begin is not None:
            yield Span(style, begin, material.whole_ms if end is None else end, words)


def steps_of(material: Material) -> tuple[StepRow, ...]:
    """Each step once, as it ended; one that never ended stands as started."""
    ended = {(one.phase, one.action, one.step) for one in material.events if one.status not in (Status.PLANNED, Status.STARTED)}
    dry = is_dry_run(material.events)
    events = [one for one in material.events if (dry or one.status is not Status.PLANNED) and one.action not in _UNSEEN]
    return tuple(
        StepRow(
            style=_style(event),
            at=clock(material.since_ms(event.monotonic_ns)),
            what=_what(event),
            status="" if event.status is Status.SUCCEEDED else event.status.value,
        )
        for event in events
        if event.status is not Status.STARTED or (event.phase, event.action, event.step) not in ended
    )


def _style(event: Event) -> str:
    return phase_class(TimelineEvent(0, event.phase, event.action, event.status))


def _what(event: Event) -> str:
    text = what_of(event) if event.status is Status.PLANNED else event.step or event.action.replace("_", " ")
    return f"steady state: {event.facts['seen']}" if event.phase is Phase.STEADY and "seen" in event.facts else text


def _clock(material: Material, at_ns: int | None) -> str:
    return _NOT if at_ns is None else clock(material.since_ms(at_ns))
