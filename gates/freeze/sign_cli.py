"""`gonogo freeze change | exception`: the signed acts that let a deployment through in a freeze."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.acts.cli import as_option, reason_option
from gates.schema.errors import RefusedProblem, UsageProblem
from gates.schema.output import show
from gates.schema.state import known_state_dir, made_state_dir

if TYPE_CHECKING:
    import datetime as dt

    from gates.acts.act import ActKind, Deployed
    from gates.evidence.store import Held

_SHA256 = re.compile(r"[0-9a-f]{64}")
_author = click.option("--author", required=True, help="Who made the change; never somebody who signs.")
_build = click.option("--build", metavar="SHA256", help="The build, as the service reports it.")


@click.command()
@_build
@click.option("--range", "commits", metavar="A..B", help="The Git commits of the change: those of B that A lacks.")
@click.option(
    "--class",
    "change_class",
    required=True,
    type=click.Choice(("P0", "P1", "P2")),
    help="The class of the defect that it removes.",
)
@_author
@reason_option
@click.option(
    "--rollback", metavar="STATEMENT", help="The rollback drill, by the beginning of its sha256.  [default: the newest]"
)
@as_option
def change(
    build: str | None,
    commits: str | None,
    change_class: str,
    author: str,
    reason: str,
    rollback: str | None,
    people: tuple[str, ...],
) -> None:
    """Sign a change record: this build, or these commits, may be deployed in a freeze that allows the class.

    Its rollback plan has to be rehearsed: the rollback drill ended at most 14 days before, and verified its rollback; nothing is
    signed without (exit 5). One person with the role `change` approves it, never the author.
    """
    from gates.acts.act import ActKind, Deployed
    from gates.freeze.commits import commits_in
    from gates.schema.time import system_clock

    now = system_clock()
    drill = _rehearsal(rollback, now)
    named = commits_in(commits) if commits else ()
    deployed = Deployed(author=author.strip(), commits=named, change_class=change_class, rollback=drill.digest)
    _sign(ActKind.CHANGE, build, deployed, reason, people, now)
    show(f"rollback rehearsed on {drill.statement.subject[0].name}: {drill.digest}\nfile: {_file(drill.digest)}")


@click.command()
@_build
@click.option("--commit", metavar="ID", help="The full id of one Git commit.")
@_author
@reason_option
@click.option("--expires", default="4h", show_default=True, help="When it ends: a moment, or a duration of at most 4h.")
@as_option
def exception(build: str | None, commit: str | None, author: str, reason: str, expires: str, people: tuple[str, ...]) -> None:
    """Sign a freeze exception: one build or commit may be deployed for at most 4 hours, whatever the freeze allows.

    Two people with the role `freeze_exception` sign, neither of them the author. It changes no gate.
    """
    from gates.acts.act import ActKind, Deployed
    from gates.schema.time import system_clock

    deployed = Deployed(author=author.strip(), commits=(commit.strip(),) if commit else ())
    digest = _sign(ActKind.FREEZE_EXCEPTION, build, deployed, reason, people, system_clock(), expires)
    title = shlex.quote(f"freeze exception {digest[:12]}: a third person reviews it within 2 working days")
    show(
        f"  next: gonogo finding open {title} --severity P1 --owner {shlex.quote(deployed.author)} --as {shlex.quote(people[0])}"
    )


def sha256_option(option: str, text: str) -> str:
    """The value of an option that names a sha256; raises UsageProblem."""
    if not _SHA256.fullmatch(text):
        raise UsageProblem(f"{option} {text!r} is not a sha256 of 64 lower-case hex digits")
    return text


def _sign(
    kind: ActKind,
    build: str | None,
    deployed: Deployed,
    reason: str,
    people: tuple[str, ...],
    now: dt.datetime,
    expires: str = "",
) -> str:
    from gates.acts.act import Act
    from gates.acts.deployed import BUILD, COMMITS, commits_sha256
    from gates.acts.ending import ending
    from gates.acts.sign import Draft, begin
    from gates.signers.store import require_signers

    if not build and not deployed.commits:
        raise UsageProblem("nothing says what is deployed", next_step="--build SHA256, or the commits")
    name = BUILD if build else COMMITS
    sha256 = sha256_option("--build", build) if build else commits_sha256(deployed.commits)
    signers = require_signers(known_state_dir(), f"the act {kind}")
    act = Act(
        act=kind,
        by="",
        at="",
        reason=reason.strip(),
        signers="",
        expires_at=ending(expires, now) if expires else "",
        deployed=deployed,
    )
    digest = begin(made_state_dir(), signers, Draft(name, sha256, act), people, now)
    show(f"kept: {digest}\nfile: {_file(digest)}")
    return digest


def _rehearsal(prefix: str | None, now: dt.datetime) -> Held:
    """The statement of the rollback drill that rehearsed the plan; raises RefusedProblem where it shows no rehearsal."""
    from gates.freeze.reading import read_acts
    from gates.freeze.rehearsed import DRILL, newest_drill, rehearsal_fault

    statements = read_acts(known_state_dir(), None).statements
    if prefix is None:
        found = newest_drill(statements, now)
    else:
        from gates.evidence_cli import require_prefix

        require_prefix(prefix)
        found = next((item for item in statements if item.digest.startswith(prefix)), None)
    if found is None:
        what = "no rollback drill is in the evidence store" if prefix is None else f"no statement here has the sha256 {prefix}"
        raise RefusedProblem(f"{what}: the rollback plan is not rehearsed", next_step=DRILL)
    fault = rehearsal_fault(found.digest, statements, now)
    if fault:
        raise RefusedProblem(f"the rollback plan is not rehearsed: {fault}", next_step=DRILL)
    return found


def _file(digest: str) -> Path:
    """Where the envelope is: a copy of it lets other machines check it, with --changes."""
    from gates.evidence.keys import EVIDENCE
    from gates.evidence.objects import SUFFIX

    return known_state_dir() / EVIDENCE / "objects" / digest[:2] / (digest + SUFFIX)
