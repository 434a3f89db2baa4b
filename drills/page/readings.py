"""Before and after: the steady state's readings, and what clients were answered before, during and after the faults. Pure."""

from collections.abc import Iterator

import msgspec

from drills.journal import Event
from drills.page.material import Material
from drills.page.model import Table, table_of

_NONE = "not read"


def before_after(material: Material) -> tuple[Table, ...]:
    """The readings of the steady state, and the clients' answers by period."""
    return (*_readings(material), *_clients(material))


def _readings(material: Material) -> Iterator[Table]:
    looks = [one for one in material.events if one.action == "steady_state" and "readings" in one.facts]
    injected_ns = material.lives.faults[0].at_ns if material.lives.faults else material.events[-1].monotonic_ns
    before = _of(next((one for one in looks if one.monotonic_ns <= injected_ns), None))
    after = _of(next((one for one in reversed(looks) if one.monotonic_ns > injected_ns), None))
    rows = [(name.replace("_", " "), (before.get(name, _NONE), after.get(name, _NONE))) for name in {**before, **after}]
    record = material.record
    if record.builds:
        before_build = material.report.build or next(iter(record.builds.values()))
        others = [build[:12] for build in record.builds.values() if build != before_build]
        rows.append(("build of the service", (before_build[:12], f"in between: {', '.join(others)}" if others else "the same")))
    if record.integrity is not None:
        rows.append(("integrity of the database", ("", record.integrity)))
    if rows:
        yield table_of("The steady state before the fault and after the rollback", ("Reading", "Before", "After"), rows)


def _of(event: Event | None) -> dict[str, str]:
    found = {} if event is None else msgspec.convert(event.facts["readings"], dict[str, str | None])
    return {name: text or _NONE for name, text in found.items()}


def _clients(material: Material) -> Iterator[Table]:
    faults, again_ns = material.lives.faults, material.lives.steady_again_ns
    if not material.markers or not faults:
        return
    last_ns = material.events[-1].monotonic_ns
    end_ns = last_ns if again_ns is None else again_ns
    fault_ns = faults[0].at_ns
    replaced_ns = fault_ns if material.record.deploy_s is None else int(material.record.deploy_s * 1e9)
    periods = [("Before the first fault", 0, min(replaced_ns, fault_ns))]
    if replaced_ns < fault_ns:  # a service that is down while its release is replaced, which is not the candidate's fault
        periods.append(("While the release was replaced", replaced_ns, fault_ns))
    periods.append(("Until the steady state held again", fault_ns, end_ns))
    if again_ns is not None:
        periods.append(("After that", again_ns, last_ns))
    rows = []
    for name, begin_ns, until_ns in periods:
        own = [one for one in material.markers if begin_ns < one.ended_ns <= until_ns]
        good, bad = sum(one.acknowledged for one in own), sum(one.bad for one in own)
        numbers = (len(own), good, len(own) - good - bad, bad)
        rows.append((name, tuple(f"{number:,}" for number in numbers)))
    heads = ("Clients", "Attempts", "Acknowledged", "Refused", "No usable answer")
    yield table_of("What clients were answered before, during and after the faults", heads, rows)
