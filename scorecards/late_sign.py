"""`gonogo scorecard late-sign`: two people make the scorecard of a past week its verdict, if it can be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.acts.cli import as_option, reason_option

if TYPE_CHECKING:
    import datetime as dt

    from scorecards.schema import ScorecardSpec


@click.command("late-sign")
@click.argument("card", type=click.Path(path_type=Path))
@reason_option
@as_option
def late_sign(card: Path, reason: str, people: tuple[str, ...]) -> None:
    """Sign the scorecard of a past week as a late review. CARD is a review's folder or its scorecard.yaml; two people sign.

    It counts if it was judged as of a moment from the week's cut-off to the end of its Sunday, and the week has no official
    scorecard. Nothing is signed for one that cannot count: exit 5.
    """
    from gates.acts.act import ActKind
    from gates.acts.cli import sign_act
    from gates.schema.canonical import sha256_hex
    from gates.schema.errors import RefusedProblem, UsageProblem
    from gates.schema.state import known_state_dir
    from gates.schema.time import system_clock
    from gates.signers.store import require_signers
    from scorecards.folder import YAML_FILE, read_scorecard
    from scorecards.material import read_history

    path = card / YAML_FILE if card.is_dir() else card
    if not path.is_file():
        raise UsageProblem(f"{path}: no such file", next_step="name a review's folder, or its scorecard.yaml")
    data, now = path.read_bytes(), system_clock()
    digest = sha256_hex(data)
    require_signers(known_state_dir(), "a late review")
    fault = read_history(known_state_dir()).why_not_late(digest, now)
    if fault is not None:
        step = HISTORY if fault.has_verdict else _again(read_scorecard(data, str(path)).spec, now)
        raise RefusedProblem(f"{path}: would not count, so nothing was signed: {fault.why}", next_step=step)
    sign_act(ActKind.LATE_REVIEW, digest, digest, reason, people)


HISTORY = "gonogo scorecard history lists it; it is never replaced"


def _again(spec: ScorecardSpec, now: dt.datetime) -> str:
    """How to get a scorecard of the same week that can be signed: judged as of the week's cut-off, once that has passed."""
    from gates.commands import judge_command, review_command
    from gates.schema.time import format_utc
    from scorecards.weeks import cutoff

    due = cutoff(spec.week)
    if now < due:
        return f"wait until {format_utc(due)}; from then on the first one is official by itself: {review_command(spec.named_as)}"
    build = next(iter(spec.builds.values()), "")
    return f"{judge_command(spec.named_as, build, format_utc(due))}; then sign the scorecard that it writes"
