"""How new users got on, in the first gate that is judged by it: how far they came, and what their setups waited for. Pure."""

from collections.abc import Iterable

from gates.page.shares import share_bar, share_text
from gates.page.words import counted, moment
from gates.schema.verdict import GateVerdict
from scorecards.page_schema import Picture, ShareRow
from scorecards.schema import FunnelStep, NewUsers, ScorecardSpec

_ORDER = ("user", "mail", "rail", "host", "gateway")
_MINUTE_MS, _SECOND_MS = 60_000, 1_000
_STEP_WORDS = {
    "started": "began",
    "host_ok": "host set up",
    "call_tried": "tried a call",
    "receipt_verified": "paid and verified receipt",
    "returned": "came back within a week",
    "code_sent": "were sent a code",
    "signed_in": "signed in by it",
    "key_made": "had a key made",
    "funding_submitted": "submitted money",
    "funded": "had money",
}
_NOT_KNOWN = "unknown"
_TIERS = (
    "ran: this version connected when it was certified. read: its own list showed the entry. written: its format is followed. "
    "unknown: nobody certified this version."
)
_ORDERED = (
    "Each bar counts those who took every step above it, in this order, within seven days; its share is of those who began."
)
_ASIDE = "No bar leads to the next: a saved key needs no code, and demo money is not submitted. Shares are of those who began."


def pictures(gate: GateVerdict, spec: ScorecardSpec) -> tuple[Picture, ...]:
    """The pictures of the evidence that this gate is the first to be judged by."""
    before = {digest for one in spec.gates[: spec.gates.index(gate)] for digest in _judged_by(one)}
    own = set(_judged_by(gate)) - before
    return tuple(picture for one in spec.new_users if one.evidence in own for picture in _drawn(one))


def _judged_by(gate: GateVerdict) -> Iterable[str]:
    return (item.evidence for item in gate.criteria if item.evidence)


def _drawn(one: NewUsers) -> Iterable[Picture]:
    if one.waits:
        yield _waits(one)
    if one.hosts:
        yield _hosts(one)
    if not one.steps:
        return
    yield _funnel(one)
    if any(step.users for step in one.aside):
        title = f"{_whose(one)}: steps that not everybody needs"
        yield Picture(title=title, note=_ASIDE, heads=("Step", "Users", "Share"), rows=_rows(one.aside, one.steps[0].users))


def _funnel(one: NewUsers) -> Picture:
    began = one.steps[0].users
    unseen = one.users - began
    lacking = f" {counted(unseen, 'more user')} without a start that the gateway saw {'is' if unseen == 1 else 'are'} not drawn."
    note = "" if one.cohort == "external" else " No criterion about users counts them."
    said = f"{counted(began, 'user')} began, by the gateway's own events of {moment(one.finished_at)}."
    return Picture(
        title=f"{_whose(one)}: how far they came",
        note=f"{said} {_ORDERED}{lacking if unseen else ''}{note}",
        heads=("Step", "Users", "Share"),
        rows=_rows(one.steps, began),
    )


def _whose(one: NewUsers) -> str:
    return "New users" if one.cohort == "external" else f"Users of the cohort {one.cohort}"


def _rows(steps: Iterable[FunnelStep], began: int) -> tuple[ShareRow, ...]:
    return tuple(
        ShareRow(
            label=_STEP_WORDS.get(step.step, step.step.replace("_", " ")),
            value=str(step.users),
            share=share_text(step.users, began),
            chart=share_bar(step.users, began),
        )
        for step in steps
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


def _hosts(one: NewUsers) -> Picture:
    """What is known of each host that setups changed: a version that nobody certified is shown, not left out."""
    whole = sum(item.setups for item in one.hosts)
    rows = tuple(
        ShareRow(
            label=f"{item.host} {item.version}".strip(),
            value=f"{item.setups}, {item.tier}",
            share=share_text(item.setups, whole),
            chart=share_bar(item.setups, whole, "warn" if item.tier == _NOT_KNOWN else "pass"),
        )
        for item in one.hosts
    )
    return Picture(title="Hosts that setups changed", note=_TIERS, heads=("Host", "Setups, tier", "Share"), rows=rows)


def _time(ms: int) -> str:
    if ms < _MINUTE_MS:
        return f"{ms // _SECOND_MS}.{ms % _SECOND_MS // 100} s"
    return f"{ms // _MINUTE_MS} min {ms % _MINUTE_MS // _SECOND_MS} s"
