"""From the journal of a run, and its page, to the measures that gates read. Pure."""

from collections.abc import Sequence

import msgspec

from drills.journal import End, Event, Status
from drills.runbook.blocks import Human, Shell
from drills.runbook.page import Page, Step
from drills.runbook.walk import ACTION, CONFIRMED, NOBODY
from gates.evidence.statement import Measure
from gates.evidence.statement import Status as Standing
from gates.schema.outcome import UnknownReason

_ENDED = (Status.SUCCEEDED, Status.FAILED, Status.TIMEOUT, Status.SKIPPED)
SHIPPED = "shipped"
"""The part of the late steps that is of pages that gonogo ships."""
NOT_REACHED = "the run did not come to it"
"""Why a step is skipped that was not begun."""
_REASONS = {"complete": UnknownReason.MISSING, "interrupted": UnknownReason.NOT_RUN}


class StepResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How one step ended; times are seconds as decimal strings, "" where there is none.

    `human` is confirmed, declined or dry_run for a step that needs a person. `late` says that a person took longer than the
    page gives; `lacks_program` that a program is not installed.
    """

    step: str
    status: Status
    reason: str = ""
    exit_code: int | None = None
    took_s: str = ""
    human: str = ""
    human_s: str = ""
    late: bool = False
    lacks_program: bool = False

    @property
    def judged(self) -> bool:
        """Whether its commands ended, or had to be stopped, so that the page's expectation was met or not."""
        return self.exit_code is not None and not self.lacks_program

    @property
    def failed(self) -> bool:
        """Whether they ended otherwise than the page says."""
        return self.judged and self.status is not Status.SUCCEEDED


def results_of(page: Page, events: Sequence[Event]) -> tuple[StepResult, ...]:
    """How each step of the page ended, in its order; those that the journal does not reach are skipped."""
    found = {event.step: event for event in events if event.action == ACTION and event.status in _ENDED}
    return tuple(_result(step, found.get(step.name)) for step in page.steps)


def _result(step: Step, event: Event | None) -> StepResult:
    if event is None:
        return StepResult(step.name, Status.SKIPPED, NOT_REACHED)
    facts = event.facts
    human_s = str(facts.get("human_s", ""))
    code = facts.get("exit_code")
    return StepResult(
        step=step.name,
        status=event.status,
        reason=str(facts.get("reason", "")),
        exit_code=code if isinstance(code, int) else None,
        took_s=str(facts.get("took_s", "")),
        human=str(facts.get("human", "")),
        human_s=human_s,
        late=isinstance(step.info, Human) and bool(human_s) and float(human_s) > step.info.timeout_s,
        lacks_program=facts.get("lacks_program") is True,
    )


def standing_of(results: Sequence[StepResult], last: Event, begin: str) -> tuple[Standing, str]:
    """Whether the measures may be judged, and the reason if not."""
    reason = str(last.facts.get("reason", ""))
    if last.ending is None:
        return "interrupted", "the run was killed"
    if last.ending.end in (End.INTERRUPTED, End.ABORTED):
        return "interrupted", reason
    if not any(item.judged or item.human for item in results):
        return "not_run", reason or "no step was taken"
    return _incomplete(results, begin) or ("complete", "")


def _incomplete(results: Sequence[StepResult], begin: str) -> tuple[Standing, str] | None:
    """What a run that came to its end left out."""
    lacking = next((item for item in results if item.lacks_program), None)
    nobody = [item.step for item in results if item.human == NOBODY]
    if lacking is not None:
        return "not_run", f"{lacking.step}: {lacking.reason}"
    if nobody:
        return "dry_run", f"no person did {', '.join(nobody)}: --yes is nobody"
    return ("interrupted", f"the run began with the step {begin}: not every step was taken") if begin else None


def measures_of(
    page: Page,
    results: Sequence[StepResult],
    duration_s: float,
    standing: Standing,
    codes: Sequence[str] = (),
    *,
    shipped: bool = False,
) -> dict[str, Measure]:
    """The measures of one run about these failures, in alphabetical order; `shipped` says that gonogo ships the page."""
    reason = _REASONS.get(standing) or UnknownReason(standing)
    return {
        "duration": Measure(f"{duration_s:.3f}", "s", samples=1, detail="from the first step to the end"),
        **human_measures(page, results, reason, shipped=shipped),
        "steps_failed": steps_failed(page, results, reason, codes),
    }


def resolved_by(name: str, codes: Sequence[str], count: int = 1) -> dict[str, int]:
    """What a run of a page counts for: the page, and PAGE/CODE for each failure that it was about."""
    return {name: count, **{f"{name}/{code}": 1 for code in codes}}


def steps_failed(page: Page, results: Sequence[StepResult], reason: UnknownReason, codes: Sequence[str]) -> Measure:
    """How many steps with commands did not end as the page says, by what the run was about; those not judged are skipped."""
    judged = [item for item in results if item.judged]
    failed = [item for item in judged if item.failed]
    skipped = sum(isinstance(step.info, Shell) for step in page.steps) - len(judged)
    if not judged:
        return Measure(None, "count", skipped=skipped, unknown=reason)
    detail = "; ".join(f"{item.step}: {item.reason}" for item in failed)
    parts = resolved_by(page.name, codes, len(judged))
    return Measure(str(len(failed)), "count", samples=len(judged), skipped=skipped, detail=detail, made_of=parts)


def human_measures(
    page: Page, results: Sequence[StepResult], reason: UnknownReason, *, shipped: bool = False
) -> dict[str, Measure]:
    """How long persons took, and how often longer than the page gives; unknown where no person did anything.

    Late steps are made of those of `shipped` pages: a page of one's own can ask for anything.
    """
    wanted = {step.name for step in page.steps if step.needs_person}
    timed = {step.name for step in page.steps if isinstance(step.info, Human)}
    done = [item for item in results if item.human == CONFIRMED]
    by_hand = [item for item in done if item.step in timed]
    nobody = any(item.human == NOBODY for item in results)
    why = UnknownReason.DRY_RUN if nobody else reason if wanted else UnknownReason.MISSING
    detail = "no person took part" if nobody else "" if wanted else "the page has no step for a person"
    late, each = Measure(None, "count", unknown=why, detail=detail), Measure(None, "s", unknown=why, detail=detail)
    if done and not nobody:
        total = sum(float(item.human_s) for item in done)
        parts = ", ".join(f"{item.step} {item.human_s} s" for item in done)
        each = Measure(f"{total:.3f}", "s", samples=len(done), skipped=len(wanted) - len(done), statistic="sum", detail=parts)
    if by_hand and not nobody:
        names = ", ".join(item.step for item in by_hand if item.late)
        count = sum(item.late for item in by_hand)
        left, parts_of = len(timed) - len(by_hand), {SHIPPED: len(by_hand)} if shipped else {}
        late = Measure(str(count), "count", samples=len(by_hand), skipped=left, detail=names, made_of=parts_of)
    return {"human_steps_late": late, "human_time": each}
