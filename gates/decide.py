"""The decision: gates, evidence, what is under review, a moment and human acts in; one review out. Pure: no clock, no file."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from gates.attested import attested_now
from gates.evidence.identity import Reviewed
from gates.evidence.store import Held
from gates.judge import Judging, judge_gate
from gates.red_runs import red_runs
from gates.schema.gate import Gate
from gates.schema.register import RegisterState
from gates.schema.soundness import require_sound
from gates.schema.time import format_utc
from gates.schema.verdict import LastWeek, RedRun, Review
from gates.schema.waiver import Waiver, require_complete
from gates.shelf import Shelf
from gates.shown_red import hidden, with_shown
from gates.weigh import exit_code, weigh

__all__ = ["decide", "exit_code"]

_NONE: Mapping[str, str] = {}


def decide(
    gates: Sequence[Gate],
    evidence: Iterable[Held],
    reviewed: Mapping[str, Reviewed],
    now: dt.datetime,
    waivers: Iterable[Waiver] = (),
    explained: Sequence[str] = (),
    last_week: LastWeek | None = None,
    blocked_by: Sequence[str] = (),
    documents: Mapping[str, str] = _NONE,
    registers: Iterable[RegisterState] = (),
    shown: Iterable[RedRun] = (),
) -> Review:
    """Judge every gate by the evidence about what is under review, and weigh the verdicts.

    `reviewed` maps each target's name to its build, instance and inputs; where the build could not be read, nothing is evidence
    for it. With several targets each criterion has to hold for all of them. `explained` are the digests of red runs of the week
    with a signed explanation; `last_week` and `blocked_by` are what `weigh` takes next to the verdicts. `documents` are the
    documents that were attested, by path with their sha256 now, and `registers` those of findings and incidents as they are now.
    `shown` are the red runs that scorecards of this week showed, with what they failed by then.
    The order of `evidence` and of `waivers` does not matter.

    Raises UsageProblem for a gate set that could never give NO GO: empty, without a P0 gate, with doubled ids, or with a
    criterion that cannot be read as written; or for a waiver that is not complete.
    """
    require_sound(gates, reviewed)
    granted = tuple(waivers)
    require_complete(granted)
    states = {state.register: state for state in registers}
    judging = Judging(Shelf(evidence), reviewed, now, tuple(explained), attested_now(gates, documents), states)
    verdicts = tuple(judge_gate(gate, judging, granted) for gate in gates)
    red = with_shown(red_runs(gates, judging.shelf, reviewed, now, judging.explained), shown, judging.explained)
    decision = weigh(verdicts, last_week, blocked_by, tuple(hidden(red, verdicts)))
    builds = {target: one.build for target, one in sorted(reviewed.items())}
    return Review(decision, verdicts, builds, format_utc(now), red)
