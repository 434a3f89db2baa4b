"""Rehearsals of several runbooks, one after the other: what came of each, the measures of all, and the statement about them."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from drills import journal as journals
from drills.journal import Event, Status, read_journal
from drills.runbook.blocks import Human
from drills.runbook.measures import StepResult, human_measures, resolved_by, results_of
from drills.runbook.page import Page
from drills.runbook.plan import read_plan
from drills.runbook.recompute import require_judged
from drills.runbook.rehearse import GONE, SEEN, STEADY
from drills.runbook.walk import CONTRADICTED
from gates.evidence.recomputed import Recomputed
from gates.evidence.statement import EvidenceKind, Measure, short_kind
from gates.evidence.statement import Status as Standing
from gates.schema.canonical import canonical_json
from gates.schema.errors import UsageProblem
from gates.schema.outcome import UnknownReason

FILE = "rehearsal.json"


class Agenda(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which runbooks were to be rehearsed, by name, why some were not even begun, and what interrupted the series."""

    runbooks: tuple[str, ...]
    not_begun: dict[str, str]
    interrupted: str = ""


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came of one rehearsal. `judged` says that the fault was seen and the steps were taken; without it nothing is known.

    `codes` are the failures that it was about, where the page is for several.
    """

    runbook: str
    judged: bool
    failed: bool
    reason: str
    mitigate_s: str
    steps: tuple[StepResult, ...]
    codes: tuple[str, ...] = ()


def write_agenda(folder: Path, agenda: Agenda) -> None:
    """DIR/rehearsal.json, canonical."""
    (folder / FILE).write_bytes(canonical_json(agenda) + b"\n")


def read_agenda(folder: Path) -> Agenda:
    """Read DIR/rehearsal.json; raises UsageProblem if it is missing or malformed."""
    path = folder / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Agenda)
    except FileNotFoundError:
        raise UsageProblem(f"{path}: no such file", next_step="give the DIR of `runbook rehearse --out DIR`") from None
    except msgspec.MsgspecError as error:
        raise UsageProblem(f"{path}: cannot be read: {error}") from None


def outcomes_of(folder: Path) -> tuple[tuple[Outcome, ...], dict[str, Page]]:
    """What came of each rehearsal in the folder, from its journal, with the pages; each step is judged again."""
    agenda, found, pages = read_agenda(folder), [], {}
    for name in agenda.runbooks:
        if name in agenda.not_begun:
            found.append(Outcome(name, False, False, agenda.not_begun[name], "", ()))
            continue
        pages[name] = require_judged(folder / name)
        codes = read_plan(folder / name).codes
        found.append(outcome_of(pages[name], read_journal(folder / name / journals.FILE).events, codes))
    return tuple(found), pages


def recompute_series(folder: Path) -> Recomputed:
    """The measures that the files of a series give; raises as `recompute` does."""
    agenda = read_agenda(folder)
    outcomes, pages = outcomes_of(folder)
    status, _ = standing_of(outcomes, interrupted=agenda.interrupted)
    return Recomputed(short_kind(EvidenceKind.RUNBOOK_REHEARSAL), measures_of(outcomes, pages), status)


def outcome_of(page: Page, events: Sequence[Event], codes: tuple[str, ...] = ()) -> Outcome:
    """What came of one rehearsal about these failures."""
    steps = results_of(page, events)
    done = [event for event in events if event.status is Status.SUCCEEDED]
    seen = next((event for event in done if event.action == SEEN), None)
    gone = next((event for event in done if event.action == GONE), None)
    steady_again = sum(event.action == STEADY for event in done) == 2
    failed_step = any(step.failed for step in steps) or any(event.facts.get(CONTRADICTED) for event in events)
    over = next((event for event in events if event.action == GONE and event.status is Status.FAILED), None)
    unsteady = gone is not None and not steady_again
    failed = seen is not None and (failed_step or over is not None or unsteady)
    judged = seen is not None and (failed or steady_again)
    mitigate = "" if seen is None or gone is None else f"{(gone.monotonic_ns - seen.monotonic_ns) / 1e9:.3f}"
    last = events[-1]
    reason = str(last.facts.get("reason", "")) if last.ending is not None else "the rehearsal was killed"
    return Outcome(page.name, judged, failed, reason if failed or not judged else "", mitigate, steps, codes)


def measures_of(outcomes: Sequence[Outcome], pages: Mapping[str, Page]) -> dict[str, Measure]:
    """The measures of all rehearsals together, in alphabetical order; what was not judged is skipped.

    `runbooks_failed` is made of the runbooks that ended their fault, by name, and of the failures that they ended.
    """
    judged = [item for item in outcomes if item.judged]
    failed = [item for item in judged if item.failed]
    skipped = [item for item in outcomes if not item.judged]
    steps = [step for item in judged for step in item.steps if step.judged]
    broken = [f"{item.runbook}: {step.step}" for item in judged for step in item.steps if step.failed]
    took = {item.runbook: float(item.mitigate_s) for item in judged if item.mitigate_s}
    why = "; ".join(f"{item.runbook}: {item.reason}" for item in (*failed, *skipped))
    absent = UnknownReason.NOT_RUN
    if not judged:
        names = ("mitigate", "runbooks_failed", "steps_failed")
        units = {"mitigate": "s"}
        nothing = {name: Measure(None, units.get(name, "count"), unknown=absent, detail=why) for name in names}
        return dict(sorted({**nothing, **_by_persons(outcomes, pages)}.items()))
    slowest = max(took, key=lambda name: took[name], default="")
    mitigate = Measure(None, "s", unknown=absent)
    if slowest:
        detail = f"from the fault seen to the fault gone; the longest is {slowest}"
        mitigate = Measure(f"{took[slowest]:.3f}", "s", samples=len(took), statistic="max", detail=detail)
    ended = {name: 1 for item in judged if not item.failed for name in resolved_by(item.runbook, item.codes)}
    counted = {
        "mitigate": mitigate,
        "runbooks_failed": Measure(
            str(len(failed)), "count", samples=len(judged), skipped=len(skipped), detail=why, made_of=ended
        ),
        "steps_failed": Measure(str(len(broken)), "count", samples=len(steps), detail=", ".join(broken)),
    }
    return dict(sorted({**counted, **_by_persons(outcomes, pages)}.items()))


def standing_of(outcomes: Iterable[Outcome], *, interrupted: str = "") -> tuple[Standing, str]:
    """Whether the measures may be judged, and the reason if not."""
    known = tuple(outcomes)
    if interrupted:
        return "interrupted", interrupted
    if not any(item.judged for item in known):
        return "not_run", "; ".join(f"{item.runbook}: {item.reason}" for item in known) or "no runbook was to be rehearsed"
    return "complete", ""


def _by_persons(outcomes: Sequence[Outcome], pages: Mapping[str, Page]) -> dict[str, Measure]:
    """What persons did in all of them, added up; unknown where one of the steps for a person was not done by one."""
    found = {
        "human_steps_late": Measure(None, "count", unknown=UnknownReason.NOT_RUN),
        "human_time": Measure(None, "s", unknown=UnknownReason.NOT_RUN),
    }
    for name, nothing in list(found.items()):
        several = [
            human_measures(pages[item.runbook], item.steps, UnknownReason.NOT_RUN)[name]
            for item in outcomes
            if item.runbook in pages and _needs_person(pages[item.runbook], by_hand=name == "human_steps_late")
        ]
        found[name] = _added(several, nothing)
    return found


def _needs_person(page: Page, *, by_hand: bool) -> bool:
    return any(isinstance(step.info, Human) if by_hand else step.needs_person for step in page.steps)


def _added(several: Sequence[Measure], nothing: Measure) -> Measure:
    unknown = next((measure for measure in several if measure.value is None), None)
    if unknown is not None or not several:
        return unknown or nothing
    total = sum(float(measure.value or 0) for measure in several)
    text = f"{total:.3f}" if nothing.unit == "s" else str(int(total))
    samples, left = sum(measure.samples for measure in several), sum(measure.skipped for measure in several)
    return Measure(text, nothing.unit, samples=samples, skipped=left, statistic=several[0].statistic)
