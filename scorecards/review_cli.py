"""`gonogo review`: the main job in one command."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.schema.options import (
    GATES_HELP,
    PROFILE_DEFAULT,
    REPORTS,
    STATEMENTS,
    TARGET_DEFAULT,
    clock_at,
    format_option,
    now_option,
    preset,
    verdict_options,
)
from gates.schema.output import show, show_product, write_document
from gates.schema.state import made_state_dir

if TYPE_CHECKING:
    from gates.schema.time import Clock
    from scorecards.order import Order
    from scorecards.schema import Scorecard

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option(
    "--profile",
    default=preset("profile"),
    show_default=PROFILE_DEFAULT,
    help="The retry storm: smoke (half a minute), weekly, or a file.",
)
@click.option("--week", help="The ISO week that the scorecard is for, such as 2026-W48.  [default: the week of judging]")
@click.option(
    "--target",
    default=preset("target"),
    show_default=TARGET_DEFAULT,
    help="The service: a shipped target's name, or a target file.",
)
@click.option("--out", type=_FOLDER, help="A new folder for scorecard, evidence and logs.  [default: STATE/reviews/WEEK-N]")
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of every random choice of storm and drills."
)
@click.option("--gates", "gates_path", default=preset("gates"), type=click.Path(path_type=Path), help=GATES_HELP)
@click.option("--steps", multiple=True, metavar="NAMES", help="Run only these steps; commas between them.  [default: all]")
@click.option("--skip", multiple=True, metavar="NAMES", help="Leave these steps out; commas between them.")
@click.option(
    "--waivers", "waivers_path", default=preset("waivers"), type=_FOLDER, help="A folder of signed waiver files as well."
)
@click.option("--preview", is_flag=True, help="Make no official scorecard, whatever the time.")
@verdict_options
@now_option
@format_option("text", "yaml", "json", *REPORTS, *STATEMENTS)
def review(  # each parameter is one option of the command line
    profile: str,
    week: str | None,
    target: str,
    out: Path | None,
    seed: int,
    gates_path: Path | None,
    steps: tuple[str, ...],
    skip: tuple[str, ...],
    waivers_path: Path | None,
    preview: bool,
    fail_on: str | None,
    accept: str | None,
    now: dt.datetime | None,
    output_format: str,
) -> int:
    """Load the service, rehearse crash and rollback, judge the launch gates, write the week's scorecard.

    The scorecard is printed, and written with its evidence to a folder that `gonogo scorecard verify` can check anywhere.
    With Signers (`gonogo signer init`) the first one from Friday 12:00 UTC of an ISO week on is the week's official
    verdict; without them every scorecard is a preview.

    Steps: storm, hostile-rail, authorization-sweep, fail-closed, policy-binding, receipt-verification, collect, setup-journal,
    onboarding-funnel, sign-in-canary, slo, crash, power, rollback, rail-outage, network, clock, pause, key-rotation,
    key-compromise, restore, restore-litestream, disk-full, fsync-error, slow-fsync, incident, incident-kill, incident-freeze,
    incident-latency, incident-rail, runbooks, runbook-resolution, host-matrix, secret-scan, determinism. The criteria of a step
    that is left out are unknown (not_run), unless an earlier run of the step on this build still counts. The profile smoke
    leaves rail-outage and the drills after it out unless --steps names them; with weekly or a profile of your own they are run
    if the gates read them, and take half an hour.

    --preview makes a preview at any time. With --now the gates are judged as of that moment, which is a preview too.
    Evidence is always dated by the clock: what this run measures does not count for an earlier moment.

    Exit 0 GO, 9 CONDITIONAL GO, 1 NO GO because a P0 or P1 gate fails, 3 NO GO because something could not be judged.
    """
    from gates.schema.time import system_clock
    from scorecards.order import Options, make_order, warning
    from scorecards.output import exit_code, shown

    home = made_state_dir()
    options = Options(target, profile, seed, out, week, now, preview, gates_path, waivers_path, steps, skip)
    order = make_order(home, options, system_clock)
    scorecard = _reviewed(order, warning(options, system_clock()), clock_at(now))
    if output_format in STATEMENTS:
        from scorecards.statements import statement_text

        write_document(statement_text(order.out, output_format, home))
    else:
        show_product(shown(scorecard, output_format), output_format)
    show(f"wrote {order.out / 'scorecard.html'}; check it with: gonogo scorecard verify {order.out}", err=True)
    return int(exit_code(scorecard, fail_on=fail_on, accept=accept))


def _reviewed(order: "Order", caution: str, clock: "Clock") -> "Scorecard":
    """Every step with its progress, and the scorecard that follows from them; `caution` is said before the first step."""
    from scorecards.folder import REVIEWS
    from scorecards.lacks import lacks
    from scorecards.plan import STEPS, applying
    from scorecards.review import STEPS_FILE, collect, judge
    from scorecards.voice import Voice, learned_s

    planned = applying(STEPS, order.gates, order.left_out)
    learned = learned_s(path for path in (order.home / REVIEWS).glob(f"*-*/{STEPS_FILE}"))
    with Voice(len(planned), {step.title: learned[step.name] for step in planned if step.name in learned}) as voice:
        voice.say(f"review of {order.named.name}: {len(planned)} steps, logs in {order.out / 'logs'}")
        voice.say(order.foreseen)
        if caution:
            voice.say(f"warning: {caution}")
        for line in lacks(order.named.target):
            voice.say(f"this machine: {line}")
        return judge(order, collect(order, voice), clock)
