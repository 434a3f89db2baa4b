"""The weekly scorecard: gates, evidence, waivers and history in; one scorecard out. Pure: no clock, no file, no network."""

from collections.abc import Iterable

import msgspec

from gates.commands import Named, review_command, with_commands
from gates.decide import decide
from gates.evidence.identity import Reviewed
from gates.evidence.store import Held
from gates.evidence.unfinished import UnfinishedRun
from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.documents import API_VERSION, Metadata
from gates.schema.freeze_spans import FoundCalendar
from gates.schema.gate import Gate
from gates.schema.register import RegisterState
from gates.schema.time import format_utc, parse_utc
from gates.schema.verdict import RedRun, Review
from gates.schema.waiver import Waiver
from scorecards.actions import next_actions
from scorecards.card_bar import BarInputs, card_bar, held_to
from scorecards.changes import find_changes
from scorecards.frozen import frozen_sentence
from scorecards.launch import Launch, Now, answer_launch
from scorecards.log_notes import LogNotes, redated
from scorecards.logs import failing_logs
from scorecards.loosening import why_blocked
from scorecards.needs import Need
from scorecards.new_users import new_users
from scorecards.open_items import read_by
from scorecards.schema import KIND, CardBar, InputDigests, PreviousRef, Scorecard, ScorecardSpec, Standing
from scorecards.sentence import REHEARSAL, sentence
from scorecards.standing import standing_of
from scorecards.streak import find_streak, not_passed, state_of
from scorecards.tables import counts, evidence_lines, waiver_lines
from scorecards.timelines import timelines
from scorecards.weekly import PastWeek, Streak, WeekState
from scorecards.weeks import cutoff, week_of
from scorecards.witnesses import findings


class BuildInputs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a scorecard is computed from, except the evidence and last week's YAML, which are files of their own.

    `history` are the official scorecards of `target` of this week and before, by week. `preview_because`
    says why this evaluation cannot become the week's verdict, such as a moment that was chosen; "" where it can.
    `registers` are the registers of findings and incidents as of `now`, and `registers_sha256` names the list of their entries,
    "" for none. `named_as` is how target and profile were named on the command line. `documents` are those that the gates want
    attested, by path with their sha256 at that moment. `kept_logs` are the logs, by sha256, that the evidence store had. `shown`
    are the red runs that scorecards of this week showed before. `freeze` is the folder's freeze calendar, None where it has none.
    `needs` are what has to be done before evidence about the target can count.
    """

    now: str
    week: str
    target: str
    reviewed: dict[str, Reviewed]
    preview_because: str
    gates: tuple[Gate, ...]
    waivers: tuple[Waiver, ...]
    history: tuple[PastWeek, ...]
    bar: BarInputs = BarInputs()
    explained: tuple[str, ...] = ()
    log_head: str = ""
    rehearsal: bool = False
    unfinished: tuple[UnfinishedRun, ...] = ()
    log: LogNotes = LogNotes()
    registers: tuple[RegisterState, ...] = ()
    registers_sha256: str = ""
    named_as: Named = Named()
    documents: dict[str, str] = {}
    kept_logs: tuple[str, ...] = ()
    shown: tuple[RedRun, ...] = ()
    freeze: FoundCalendar | None = None
    needs: tuple[Need, ...] = ()


def build(inputs: BuildInputs, evidence: Iterable[Held], previous: Scorecard | None) -> Scorecard:
    """Judge, compare and report.

    `previous` is the whole last official scorecard of an earlier week, None where there is none.
    """
    held, now = tuple(redated(evidence, inputs.log)), parse_utc(inputs.now)
    last = None if previous is None else previous.spec
    bar = card_bar(inputs.bar, inputs.gates, last, inputs.week, inputs.history)
    blocked_by = why_blocked(bar.loosened)
    gates = with_commands(inputs.gates, inputs.named_as)
    judged_by = (inputs.waivers, inputs.explained, held_to(last), blocked_by, inputs.documents, inputs.registers, inputs.shown)
    review = decide(gates, held, inputs.reviewed, now, *judged_by)
    standing, standing_reason = standing_of(inputs.week, now, inputs.history, inputs.preview_because)
    own = next((past for past in inputs.history if past.week == inputs.week), None)
    changes = find_changes(last, review.gates, bar.parts, own)
    this = past_week(inputs, review, bar)
    streak = find_streak(this, standing, week_of(now), inputs.history)
    waivers = waiver_lines(inputs.waivers, inputs.gates, now)
    spec = ScorecardSpec(
        week=inputs.week,
        target=inputs.target,
        builds=review.builds,
        standing=standing,
        standing_reason=standing_reason,
        official_from=format_utc(cutoff(inputs.week)),
        evaluated_at=review.now,
        decision=review.decision.decision,
        sentence=(REHEARSAL if inputs.rehearsal else "") + sentence(review),
        reasons=review.decision.reasons,
        automatic_no_go=review.decision.automatic_no_go,
        yellow=review.decision.yellow,
        exit_code=review.decision.exit_code,
        p1_ratio=review.decision.p1_ratio,
        counts=counts(review.gates),
        launch=_launch(inputs, review, standing, streak),
        streak=streak,
        bar=bar,
        changes=changes,
        actions=next_actions(review.gates, changes, waivers, bar, inputs.named_as, inputs.needs),
        waivers=waivers,
        gates=review.gates,
        red_runs=review.red_runs,
        unfinished=inputs.unfinished,
        log=inputs.log,
        findings=findings(review.gates, held, inputs.registers),
        registers=read_by(review.gates, inputs.registers),
        timelines=timelines(held),
        evidence=evidence_lines(held, review.gates),
        inputs=_inputs(inputs, bar, previous_ref(inputs)),
        named_as=inputs.named_as,
        logs=failing_logs(review.gates, held, inputs.kept_logs),
        new_users=new_users(review.gates, held),
    )
    metadata = Metadata(f"{inputs.target}-{inputs.week.lower()}", f"May {inputs.target} launch? Scorecard of {inputs.week}")
    return Scorecard(API_VERSION, KIND, metadata, spec)


def previous_ref(inputs: BuildInputs) -> PreviousRef | None:
    """The last official scorecard of an earlier week, as the history names it."""
    earlier = [past for past in inputs.history if past.week < inputs.week]
    if not earlier:
        return None
    last = max(earlier, key=lambda past: past.week)
    return PreviousRef(last.week, last.decision, last.yaml_sha256)


def _launch(inputs: BuildInputs, review: Review, standing: Standing, streak: Streak) -> Launch:
    now = Now(
        decision=review.decision.decision,
        week=inputs.week,
        evaluated_at=review.now,
        is_official=standing is Standing.OFFICIAL,
        is_open=streak.weeks[-1].state is WeekState.OPEN,
        obstacle=inputs.preview_because,
    )
    launch = answer_launch(now, streak, review_command(inputs.named_as))
    frozen = frozen_sentence(inputs.freeze, parse_utc(inputs.now))
    return msgspec.structs.replace(launch, freeze=f"{launch.freeze} {frozen}".rstrip())


def past_week(inputs: BuildInputs, review: Review, bar: CardBar) -> PastWeek:
    """What the history will keep of this review."""
    return PastWeek(
        week=inputs.week,
        state=state_of(review.decision.decision, review.decision.exit_code),
        decision=review.decision.decision,
        evaluated_at=review.now,
        yaml_sha256="",
        bar=bar.state,
        not_passed=not_passed(review.gates),
    )


def _inputs(inputs: BuildInputs, bar: CardBar, previous: PreviousRef | None) -> InputDigests:
    return InputDigests(
        gate_set_sha256=sha256_hex(canonical_json(inputs.gates)),
        bar_sha256=bar.state.sha256,
        waivers_sha256=sha256_hex(canonical_json(inputs.waivers)),
        history_sha256=sha256_hex(canonical_json(inputs.history)),
        previous=previous,
        log_head=inputs.log_head,
        registers_sha256=inputs.registers_sha256,
    )
