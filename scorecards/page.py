"""The page of a scorecard: what each part shows, taken from the scorecard. Pure."""

from collections.abc import Collection, Iterator

from markupsafe import Markup

from gates.page import charts
from gates.page.words import clock, counted, moment, quantity
from gates.schema.gate import label
from gates.schema.outcome import Decision, Priority
from scorecards.bar_changes import describe
from scorecards.launch import Answer
from scorecards.loosening import loosened_text
from scorecards.page_gates import criterion_row, digest, findings_of, gate_card, links_of, tile
from scorecards.page_new_users import pictures
from scorecards.page_registers import register_tables
from scorecards.page_schema import (
    ActionRow,
    Banner,
    BarLine,
    CountRow,
    Drill,
    DrillMoment,
    EvidenceRow,
    InputRow,
    Launch,
    Page,
    Since,
    TileGroup,
    WaiverRow,
    WeekSquare,
    Whose,
)
from scorecards.runs import runs_of
from scorecards.schema import Action, CardBar, EvidenceLine, Scorecard, ScorecardSpec, Timeline, WaiverLine
from scorecards.sentence import REHEARSAL
from scorecards.weekly import Changes
from scorecards.words import age, href, kind

SHOWN_ACTIONS = 6
REHEARSED = "REHEARSAL · "
_ANSWER_STYLES = {Answer.YES: "pass", Answer.NOT_YET: "warn", Answer.LIMITED: "warn", Answer.NO: "fail"}
_WEEK_SIGNS = {"green": "✓", "yellow": "!", "red": "✕", "unknown": "?", "missing": "\N{EN DASH}", "open": "…"}
_WAIVER_STYLES = {"active": "pass", "expiring": "warn", "expired": "fail", "changed": "fail"}
_TALLIED = ("pass", "warn", "fail", "unknown")
_AS_PLANNED = ("succeeded", "started")


def make_page(scorecard: Scorecard, yaml_sha256: str, css: Markup) -> Page:
    """All that the page of this scorecard shows; its YAML has the sha256 given."""
    spec = scorecard.spec
    found, logs = findings_of(spec.findings), links_of(spec.logs)
    ordered = [gate for priority in Priority for gate in spec.gates if gate.priority is priority]
    there = {gate.id for gate in spec.gates}
    actions = tuple(_action(action, number, there) for number, action in enumerate(spec.actions, 1))
    return Page(
        title=f"{REHEARSED if _is_rehearsal(spec) else ''}{spec.decision.value} · {spec.target} · {spec.week}",
        css=css,
        banner=_banner(spec),
        strip=tuple(_strip(spec)),
        reasons=spec.reasons,
        counts=tuple(_counts(spec)),
        launch=_launch(spec),
        since=_since(spec.changes),
        whose=_whose(spec.bar),
        runs=tuple(runs_of(spec)),
        first=actions[0] if actions else None,
        actions=actions[:SHOWN_ACTIONS],
        later=actions[SHOWN_ACTIONS:],
        later_summary=f"{len(actions) - SHOWN_ACTIONS} more",
        figures=tuple(criterion_row(gate, item, found) for gate in spec.gates for item in gate.criteria if charts.bullet(item)),
        waivers=tuple(_waiver(waiver) for waiver in spec.waivers),
        gates=tuple(gate_card(gate, found, logs, register_tables(gate, spec), pictures(gate, spec)) for gate in ordered),
        drills=tuple(_drill(line) for line in spec.timelines),
        evidence=tuple(_evidence(line) for line in spec.evidence),
        evidence_summary=f"{counted(len(spec.evidence), 'signed statement')} for these gates",
        inputs=tuple(_inputs(spec, yaml_sha256)),
        official_from=moment(spec.official_from),
    )


def _banner(spec: ScorecardSpec) -> Banner:
    sentence = spec.sentence.removeprefix(REHEARSAL).removeprefix(f"{spec.decision.value}: ")
    style = _style(spec)
    standing = f"{REHEARSED if _is_rehearsal(spec) else ''}{spec.standing.value}"
    return Banner(
        style=style,
        icon=charts.ICONS[style],
        decision=spec.decision.value,
        sentence=(REHEARSAL if _is_rehearsal(spec) else "") + sentence[:1].upper() + sentence[1:],
        launch=spec.launch.sentence,
        target=spec.target,
        week=spec.week,
        standing=standing,
        standing_label=spec.standing.value.capitalize(),
        standing_reason=_plain(spec.standing_reason),
        evaluated=moment(spec.evaluated_at),
    )


def _is_rehearsal(spec: ScorecardSpec) -> bool:
    return spec.sentence.startswith(REHEARSAL)


def _plain(text: str) -> str:
    """A text of the terminal without the marks around commands and names."""
    return text.replace("`", "")


def _style(spec: ScorecardSpec) -> str:
    """The colour of the banner: a NO GO without evidence looks other than one where something failed."""
    if spec.decision is not Decision.NO_GO:
        return "warn" if spec.yellow else "pass"
    return "unknown" if spec.exit_code == 3 else "fail"


def _strip(spec: ScorecardSpec) -> Iterator[TileGroup]:
    for priority in Priority:
        tiles = tuple(tile(gate) for gate in spec.gates if gate.priority is priority)
        if tiles:
            yield TileGroup(priority.value, tiles)


def _counts(spec: ScorecardSpec) -> Iterator[CountRow]:
    for count in spec.counts:
        if count.total:
            numbers = (count.passed, count.warned, count.failed, count.unknown, count.waived)
            cells = charts.tally(zip(_TALLIED, numbers, strict=False))
            yield CountRow(count.priority.value, cells, *numbers)


def _launch(spec: ScorecardSpec) -> Launch:
    streak = spec.streak
    return Launch(
        style=_ANSWER_STYLES[spec.launch.answer],
        answer=spec.launch.sentence,
        next=_plain(spec.launch.next),
        command=spec.launch.command,
        freeze=spec.launch.freeze,
        weeks=tuple(
            WeekSquare(mark.state.value, _WEEK_SIGNS[mark.state.value], mark.week, mark.week[5:], mark.detail)
            for mark in streak.weeks
        ),
        weeks_label=f"Official verdicts of the last {len(streak.weeks)} weeks",
        broken_by=streak.broken_by,
    )


def _since(changes: Changes) -> Since:
    values, bar = len(changes.values), len(changes.bar)
    return Since(
        sentence=changes.sentence,
        summary=f"{counted(values, 'value')} and {counted(bar, 'requirement')} changed" if values or bar else "",
        bar=tuple(BarLine(change.effect.value, describe(change)) for change in changes.bar),
        values=tuple(
            f"{one.gate} {one.criterion}: {quantity(one.before, one.unit)} → {quantity(one.now, one.unit)}"
            for one in changes.values
        ),
    )


def _whose(bar: CardBar) -> Whose:
    return Whose(
        sentence=_plain(bar.sentence),
        loosened=tuple(loosened_text(line) for line in bar.loosened),
    )


def _action(action: Action, number: int, there: Collection[str]) -> ActionRow:
    return ActionRow(
        number=number,
        gate=action.gate if action.gate in there else "",
        letter=label(action.letter, action.gate),
        named=action.letter is None,
        style=action.priority.value.lower(),
        do=_plain(action.do),
        command=action.command,
        owner=action.owner,
        runbook=href(action.runbook),
        runbook_of=_plain(action.do[:60]),
    )


def _waiver(line: WaiverLine) -> WaiverRow:
    return WaiverRow(
        gate=line.gate,
        style=_WAIVER_STYLES[line.state],
        state="ended: its gate changed" if line.state == "changed" else line.state,
        ends="" if line.state == "changed" else moment(line.expires_at),
        reason=line.reason,
        mitigation=line.mitigation,
        owner=line.owner,
        approver=line.approver,
    )


def _drill(line: Timeline) -> Drill:
    moments = tuple(
        DrillMoment(
            charts.phase_class(event), clock(event.at_ms), event.label, "" if event.status in _AS_PLANNED else event.status
        )
        for event in line.events
    )
    return Drill(line.title, moment(line.finished_at), digest(line.evidence), charts.timeline(line.events), moments)


def _evidence(line: EvidenceLine) -> EvidenceRow:
    return EvidenceRow(
        kind=kind(line.predicate_type),
        status="" if line.status == "complete" else line.status,
        sha256=line.sha256,
        build=digest(line.build) if line.build else None,
        finished=moment(line.finished_at),
        age=age(line.age_s),
        judges=", ".join(line.judges),
    )


def _inputs(spec: ScorecardSpec, yaml_sha256: str) -> Iterator[InputRow]:
    inputs, previous = spec.inputs, spec.inputs.previous
    yield InputRow("scorecard.yaml", "", yaml_sha256)
    if previous is None:
        yield InputRow("Last official scorecard", "none yet", "")
    else:
        yield InputRow("Last official scorecard", f"{previous.week}, {previous.decision.value}", previous.yaml_sha256)
    for name, sha256 in sorted(spec.builds.items()):
        yield InputRow(f"Build of {name}", "" if sha256 else "could not be read", sha256)
    yield InputRow("Gate set", "", inputs.gate_set_sha256)
    yield InputRow("Bar: all requirements", "", inputs.bar_sha256)
    yield InputRow("Waivers", "", inputs.waivers_sha256)
    yield InputRow("History", "", inputs.history_sha256)
    yield InputRow("Entries of the registers", "" if inputs.registers_sha256 else "none yet", inputs.registers_sha256)
