"""How new users got on, in the first gate that is judged by it: how far they came, and what their setups waited for. Pure."""

from collections.abc import Iterable

from gates.page.shares import share_bar, share_text
from gates.page.words import counted, moment
from gates.schema.verdict import GateVerdict
from scorecards.page_schema import Picture, ShareRow
from scorecards.schema import NewUsers, ScorecardSpec

_ORDER = ("user", "mail", "rail", "host", "gateway")
_MINUTE_MS, _SECOND_MS = 60_000, 1_000
_STEP_WORDS = {"started": "began", "returned": "came back within a week", "receipt_verified": "paid and verified receipt"}


def pictures(gate: GateVerdict, spec: ScorecardSpec) -> tuple[Picture, ...]:
    """The pictures of the evidence that this gate is the first to be judged by."""
    before = {digest for one in spec.gates[: spec.gates.index(gate)] for digest in _judged_by(one)}
    own = set(_judged_by(gate)) - before
    return tuple(_funnel(one) if one.steps else _waits(one) for one in spec.new_users if one.evidence in own)


def _judged_by(gate: GateVerdict) -> Iterable[str]:
    return (item.evidence for item in gate.criteria if item.evidence)


def _funnel(one: NewUsers) -> Picture:
    rows = tuple(
        ShareRow(
            label=_STEP_WORDS.get(step.step, step.step.replace("_", " ")),
            value=str(step.users),
            share=share_text(step.users, one.users),
            chart=share_bar(step.users, one.users),
        )
        for step in one.steps
    )
    whose = "New users" if one.cohort == "external" else f"Users of the cohort {one.cohort}"
    note = "" if one.cohort == "external" else " No criterion about users counts them."
    return Picture(
        title=f"{whose}: how far they came",
        note=f"{counted(one.users, 'user')}, by the gateway's own events of {moment(one.finished_at)}.{note}",
        heads=("Step", "Users", "Share"),
        rows=rows,
    )


def _waits(one: NewUsers) -> Picture:
    waited = {item.waiting_on: item.ms for item in one.waits}
    whole = sum(waited.values())
    rows = tuple(
        ShareRow(
            label=name,
            value=_time(waited.get(name, 0)),
            share=share_text(waited.get(name, 0), whole),
            chart=share_bar(waited.get(name, 0), whole, "warn"),
        )
        for name in _ORDER
    )
    cohort = "" if one.cohort == "none" else f" of the cohort {one.cohort}"
    return Picture(
        title="What setups waited for",
        note=f"{counted(one.users, 'setup')}{cohort}, all their waits together, from the journals of {moment(one.finished_at)}.",
        heads=("Waited for", "Time", "Share"),
        rows=rows,
    )


def _time(ms: int) -> str:
    if ms < _MINUTE_MS:
        return f"{ms // _SECOND_MS}.{ms % _SECOND_MS // 100} s"
    return f"{ms // _MINUTE_MS} min {ms % _MINUTE_MS // _SECOND_MS} s"
