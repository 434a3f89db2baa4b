"""At which steps is the runner of a drill killed? Each kind of step once, each drill once, and some of the others every night."""

from collections.abc import Iterator, Sequence

import msgspec
from by_night import number_of_the_night

from drills.complete import complete
from drills.schema import Drill, drill_names, load_drill
from drills.steps.base import action_of
from gates.schema.canonical import sha256_hex

BY_NIGHT = 6
AFTER_PAGE = ("acknowledge_page", "await_resolved", "judge_pages")
"""Steps that only a drill with a page has: they are killed on the small service, where a page takes seconds."""

PATIENT, SHORT = {"within": "300s"}, {"lasting": "2s"}
_PROBES = [{"probe": "ready"}, {"probe": "error_ratio", "window": "2s", "at_most": "0.05", "min_samples": 20}]
_STEADY = {"within": "20s", "probes": _PROBES}
_NOTICE = {"action": "observe_steady_state", "name": "notice", "expect": "broken", "within": "20s"}
OWN: dict[str, dict[str, object]] = {
    "own-runbook": {
        "setup": [
            {"action": "make_release", "name": "make-stable", "release": "stable"},
            {"action": "make_release", "name": "make-candidate", "release": "candidate"},
            {"action": "seed"},
            {"action": "start_service", "release": "stable"},
            {"action": "start_storm"},
        ],
        "steady_state": _STEADY,
        "method": [
            {"action": "deploy_release", "name": "deploy-candidate", "release": "candidate", "within": "40s"},
            _NOTICE,
            {"action": "walk_runbook", "name": "mitigate", "runbook": "rollback", "release": "stable", "within": "120s"},
        ],
        "rollback": [{"action": "rollback_release", "name": "return-to-stable", "release": "stable", "within": "40s"}],
        "verify": [{"action": "wait_storm", "within": "120s"}],
    },
    "own-freeze": {
        "steady_state": _STEADY,
        "method": [{"action": "freeze", "name": "freeze-writer"}, _NOTICE],
        "rollback": [{"action": "replace_process", "within": "30s"}, {"action": "thaw"}, {"action": "restore_service"}],
        "verify": [{"action": "wait_storm", "within": "120s"}],
    },
}
"""Drills with the steps by which incidents end, without the page that comes before them."""


class Point(msgspec.Struct, frozen=True, order=True):
    """A step of a drill: how many steps come before it, and how it is named."""

    number: int
    drill: str
    action: str
    step: str


def document_of(name: str) -> dict[str, object]:
    """The members of a drill's document: of an own one, or of a shipped one with a control run of two seconds.

    What is killed depends neither on the length of a control run nor on how long a step may take; a busy machine needs more time.
    """
    shipped: dict[str, object] = {} if name in OWN else msgspec.to_builtins(load_drill(name).spec)
    shipped.pop("evidence", None)
    spec = {**(OWN.get(name) or shipped), "guards": [{"guard": "duration", "at_most": "600s"}, {"guard": "storm_alive"}]}
    for part in ("setup", "method", "rollback", "verify"):
        steps = msgspec.convert(spec.get(part, ()), list[dict[str, object]])
        spec[part] = [step | PATIENT | (SHORT if step["action"] == "control_run" else {}) for step in steps]
    spec["steady_state"] = msgspec.convert(spec["steady_state"], dict[str, object]) | PATIENT
    return spec


def points_of(name: str) -> Iterator[Point]:
    """Each step, and the wait for the steady state, in their order; of a drill that waits for a page up to that."""
    drill = complete(msgspec.convert(document_of(name), Drill), name)
    steps = [(action_of(step), step.name) for step in drill.setup] + [("steady_state", "")]
    for step in (*drill.method, *drill.rollback, *drill.verify):
        steps.append((action_of(step), step.name))
        if steps[-1][0] == "await_page":
            break
    return (Point(number, name, *step) for number, step in enumerate(dict.fromkeys(steps)))


def every_point() -> tuple[Point, ...]:
    """All of all drills, those with the fewest steps before them first."""
    return tuple(sorted(point for name in (*drill_names(), *OWN) for point in points_of(name)))


def each_kind(points: Sequence[Point]) -> tuple[Point, ...]:
    """One point of each kind of step, the soonest; and of a drill that has none of these the last of its own."""
    kinds: dict[str, Point] = {}
    for point in points:
        kinds.setdefault(point.action, point)
    there = {point.drill for point in kinds.values()}
    others = {point.drill: point for point in points if point.drill not in there and point.action != "await_page"}
    return tuple(sorted({*kinds.values(), *others.values()}))


def by_night(points: Sequence[Point], every_night: Sequence[Point]) -> tuple[Point, ...]:
    """Of the others as many as a night has time for, in an order of their own, from where its number says."""
    rest = [point for point in points if point not in every_night]
    order = sorted(rest, key=lambda point: sha256_hex(f"{point.drill}/{point.action}/{point.step}".encode()))
    begin = number_of_the_night() * BY_NIGHT % len(order)
    return tuple((order + order)[begin : begin + BY_NIGHT])
