"""A drill's journal in Chaos Toolkit's format, for tools that read its journals: the steps that were taken, and how they ended.

The experiment in it can be run by Chaos Toolkit: its one action is the command that runs the whole drill again.
"""

from collections.abc import Iterator

import msgspec

from drills.journal import End, Event, Phase, Status
from drills.judged import judged_by_gates
from drills.page.material import Material
from drills.schema import drill_names, load_drill
from gates.schema.errors import UsageProblem

VERSION = "1.44.0"
"""The release of chaostoolkit-lib whose journals these are like."""

_STATUS = {End.COMPLETED: "completed", End.FAILED: "failed", End.ABORTED: "aborted", End.INTERRUPTED: "interrupted"}
_OUTCOMES = {Status.SUCCEEDED: "succeeded", Status.SKIPPED: "skipped", Status.STARTED: "aborted"}
_PROBES = ("steady_state", "await_steady_state", "hold_steady_state", "observe_steady_state", "observe_clients", "observe_mode")


class Activity(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was done; `provider` is the process that did it."""

    type: str
    name: str
    provider: dict[str, str | list[str]]
    tolerance: bool | None = None


class Run(msgspec.Struct, frozen=True, omit_defaults=True):
    """One activity as it went; `duration` is in seconds."""

    activity: Activity
    status: str
    start: str
    end: str
    duration: float
    output: dict[str, object] | str | None = None
    exception: list[str] | None = None
    tolerance_met: bool | None = None


class SteadyState(msgspec.Struct, frozen=True):
    """The readings of the steady state at one time."""

    steady_state_met: bool
    probes: list[Run]


class Experiment(msgspec.Struct, frozen=True, rename={"hypothesis": "steady-state-hypothesis"}):
    """An experiment that Chaos Toolkit accepts."""

    version: str
    title: str
    description: str
    tags: list[str]
    extensions: list[dict[str, object]]
    hypothesis: dict[str, object]
    method: list[Activity]
    rollbacks: list[Activity]


class Export(msgspec.Struct, frozen=True, rename={"version": "chaoslib-version"}):
    """The whole journal."""

    version: str
    platform: str
    node: str
    experiment: Experiment
    start: str
    end: str
    duration: float
    status: str
    deviated: bool
    steady_states: dict[str, SteadyState | None | list[SteadyState]]
    run: list[Run]
    rollbacks: list[Run]


def export_bytes(material: Material) -> bytes:
    """The journal as JSON, with sorted keys; the same bytes from the same files."""
    return msgspec.json.format(msgspec.json.encode(export(material), order="sorted"), indent=2) + b"\n"


def export(material: Material) -> Export:
    """The drill as Chaos Toolkit would have written it; raises UsageProblem for a drill that took no step."""
    report, events = material.report, material.events
    if all(one.status is Status.PLANNED or one.action == "dry_run" for one in events):
        raise UsageProblem(f"the drill {report.drill} took no step: nothing to export", next_step="run it without --dry-run")
    runs = list(_runs(material))
    states = [_state(material, one) for one in events if one.action == "steady_state" and "readings" in one.facts]
    return Export(
        version=VERSION,
        platform="",
        node=report.target,
        experiment=_experiment(material),
        start=report.started_at,
        end=report.finished_at,
        duration=report.duration_ms / 1000,
        status="interrupted" if report.ending is None else _STATUS[report.ending.end],
        deviated=report.ending is not None and report.ending.deviated,
        steady_states={"before": states[0] if states else None, "after": states[-1] if len(states) > 1 else None, "during": []},
        run=[run for phase, run in runs if phase is not Phase.ROLLBACK],
        rollbacks=[run for phase, run in runs if phase is Phase.ROLLBACK],
    )


def _experiment(material: Material) -> Experiment:
    report = material.report
    title = load_drill(report.drill).metadata.title if report.drill in drill_names() else report.drill
    found = judged_by_gates(report, material.plan.target_argument)
    ours: dict[str, object] = {
        "name": "gonogo",
        "verdict": found.word,
        "why": found.sentence,
        "build": report.build,
        "seed": report.seed,
        "measures": report.measures,
        "deviations": report.deviations,
        "digests": report.digests,
    }
    return Experiment(
        version="1.0.0",
        title=title,
        description=f"The drill {report.drill} of gonogo on {report.target}",
        tags=["gonogo", report.drill],
        extensions=[ours],
        hypothesis={"title": "The service is ready and answers its clients", "probes": []},
        method=[Activity("action", f"{report.drill} drill", _provider(material))],
        rollbacks=[],
    )


def _provider(material: Material) -> dict[str, str | list[str]]:
    plan = material.plan
    arguments = ["drill", "run", plan.name, "--target", plan.target_argument, "--seed", str(plan.seed)]
    return {"type": "process", "path": "gonogo", "arguments": arguments}


def _runs(material: Material) -> Iterator[tuple[Phase, Run]]:
    """Each step that began, in the order of their beginnings; one without an end was cut off by a kill."""
    begun = [one for one in material.events if one.status is Status.STARTED]
    ends = [one for one in material.events if one.status not in (Status.PLANNED, Status.STARTED)]
    for event in begun:
        own = (one for one in ends if one.seq > event.seq and (one.action, one.step) == (event.action, event.step))
        yield event.phase, _run(material, event, next(own, event))


def _run(material: Material, begun: Event, ended: Event) -> Run:
    reason = ended.facts.get("reason")
    return Run(
        activity=Activity(
            "probe" if begun.action in _PROBES else "action", begun.step or begun.action.replace("_", " "), _provider(material)
        ),
        status=_OUTCOMES.get(ended.status, "failed"),
        start=begun.at,
        end=ended.at,
        duration=(ended.monotonic_ns - begun.monotonic_ns) // 1_000_000 / 1000,
        output=dict(ended.facts) or None,
        exception=[str(reason)] if reason and ended.status is not Status.SUCCEEDED else None,
    )


def _state(material: Material, event: Event) -> SteadyState:
    met = event.status is Status.SUCCEEDED
    readings = msgspec.convert(event.facts["readings"], dict[str, str | None])
    probes = [
        Run(
            activity=Activity("probe", name, _provider(material), tolerance=True),
            status="succeeded",
            start=event.at,
            end=event.at,
            duration=0.0,
            output=text,
            tolerance_met=met,
        )
        for name, text in readings.items()
    ]
    return SteadyState(met, probes)
