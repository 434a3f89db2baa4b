"""The decision: gates, evidence, builds, a moment and waivers in; one review out. Pure: no clock, no file, no network."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from gates.evidence.store import Held
from gates.judge import judge_gate
from gates.schema.gate import Gate
from gates.schema.soundness import require_sound
from gates.schema.time import format_utc
from gates.schema.verdict import LastWeek, Review
from gates.schema.waiver import Waiver, require_complete
from gates.weigh import exit_code, weigh

__all__ = ["decide", "exit_code"]


def decide(
    gates: Sequence[Gate],
    evidence: Iterable[Held],
    builds: Mapping[str, str],
    now: dt.datetime,
    waivers: Iterable[Waiver] = (),
    last_week: LastWeek | None = None,
    blocked_by: Sequence[str] = (),
) -> Review:
    """Judge every gate by the evidence about the builds under review, and weigh the verdicts.

    `builds` maps each target's name to the sha256 of its build; "" where that could not be read, and then nothing is
    evidence for it. With several targets each criterion has to hold for all of them. The order of `evidence` and of
    `waivers` does not matter. `last_week` and `blocked_by` are what `weigh` takes next to the verdicts.

    Raises UsageProblem for a gate set that could never give NO GO: empty, without a P0 gate, with doubled ids, or with a
    criterion that cannot be read as written; or for a waiver that is not complete.
    """
    require_sound(gates, builds)
    held, granted = tuple(evidence), tuple(waivers)
    require_complete(granted)
    verdicts = tuple(judge_gate(gate, held, builds, now, granted) for gate in gates)
    return Review(weigh(verdicts, last_week, blocked_by), verdicts, dict(sorted(builds.items())), format_utc(now))
