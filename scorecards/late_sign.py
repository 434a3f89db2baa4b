"""`gonogo scorecard late-sign`: two people make the scorecard of a past week its verdict, if it can be."""

from pathlib import Path

import click

from gates.acts.cli import as_option, reason_option


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
    from scorecards.folder import YAML_FILE
    from scorecards.material import read_history

    path = card / YAML_FILE if card.is_dir() else card
    if not path.is_file():
        raise UsageProblem(f"{path}: no such file", next_step="name a review's folder, or its scorecard.yaml")
    digest = sha256_hex(path.read_bytes())
    require_signers(known_state_dir(), "a late review")
    fault = read_history(known_state_dir()).why_not_late(digest, system_clock())
    if fault:
        step = "gonogo scorecard build --now MOMENT, a moment of that week from its cut-off on; then sign that scorecard"
        raise RefusedProblem(f"{path}: would not count, so nothing was signed: {fault}", next_step=step)
    sign_act(ActKind.LATE_REVIEW, digest, digest, reason, people)
