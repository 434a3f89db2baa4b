"""`gonogo gate loosen`: two people allow a change of the bar that a scorecard here shows, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.acts.cli import as_option, reason_option

if TYPE_CHECKING:
    from scorecards.loosening import Loosened


@click.command()
@click.argument("criterion", metavar="GATE/CRITERION")
@reason_option
@click.option("--change", required=True, metavar="SHA256", help="The change, as the scorecard that shows it names it.")
@as_option
def loosen(criterion: str, reason: str, change: str, people: tuple[str, ...]) -> None:
    """Allow one change by which an automatic NO GO criterion is loosened or removed; two people sign.

    The scorecard that finds the change prints this command. Another change of the criterion needs new signatures.

    Nothing is signed for a change that no scorecard here shows, such as one of a criterion that does not stop a launch alone, or
    that is signed already: exit 5.
    """
    from gates.acts.act import ActKind
    from gates.acts.cli import sign_act
    from gates.evidence_cli import SHA256
    from gates.schema.errors import UsageProblem
    from gates.schema.state import known_state_dir
    from gates.signers.store import require_signers

    if not SHA256.fullmatch(change):
        raise UsageProblem(f"--change {change!r} is not a sha256", next_step="copy the command that the scorecard prints")
    home = known_state_dir()
    require_signers(home, f"the act {ActKind.LOOSENING}")
    _require_shown(home, criterion, change)
    sign_act(ActKind.LOOSENING, criterion, change, reason, people)


def _require_shown(home: Path, name: str, change: str) -> None:
    """Raise RefusedProblem where no scorecard since the last official one waits for these signatures."""
    from gates.schema.errors import RefusedProblem
    from scorecards.loosening import change_sha256, loosen_command

    lines = list(_shown(home))
    waiting = {(f"{line.gate}/{line.criterion}", change_sha256(line)): line for line in lines if not line.persons}
    if (name, change) in waiting:
        return
    own = [line for (other, _), line in waiting.items() if other == name]
    signed = any((f"{line.gate}/{line.criterion}", change_sha256(line)) == (name, change) for line in lines)
    if signed:
        what, step = f"that change of {name} is signed already", "gonogo scorecard show"
    elif own:
        what, step = f"the scorecards here show another change of {name}", loosen_command(own[0])
    else:
        what = f"no scorecard here shows that {name} alone stops a launch and was loosened"
        step = loosen_command(next(iter(waiting.values()))) if waiting else "gonogo review --preview"
    raise RefusedProblem(f"{what}, so nothing was signed", next_step=step)


def _shown(home: Path) -> Iterator[Loosened]:
    """The loosened criteria of each target's scorecards, newest first, back to and with the last official one."""
    from gates.evidence.keys import EVIDENCE
    from gates.evidence.store import EvidenceStore
    from scorecards import folder
    from scorecards.material import read_history

    history, store = read_history(home), EvidenceStore(home / EVIDENCE)
    for past in history.since_official():
        path = store.artifact_path(past.yaml_sha256)
        if path.exists():
            yield from folder.read_scorecard(folder.stored_yaml(path, past), str(path)).spec.bar.loosened
