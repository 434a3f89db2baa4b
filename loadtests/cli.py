"""`gonogo load`: run a retry storm, check what it left behind, list the profiles."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.schema.options import format_option

if TYPE_CHECKING:
    from loadtests.runner import Outcome

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def load() -> None:
    """Press a payment service with retry storms, and prove that no payment settled twice or got lost."""


@load.command()
@click.argument("profile")
@click.option("--target", "target_name", default="local", show_default=True, help="A target's name, or the path of its file.")
@click.option("--out", type=_FOLDER, help="Folder for the run; default: a new one under the state folder.")
@click.option("--seed", type=click.IntRange(0, 2**53 - 1), default=1, show_default=True, help="Decides every draw of the plan.")
@click.option("--run-id", help="Part of every idempotency key; default: the time, so that runs never share keys.")
@click.option("--payments", type=click.IntRange(1, 1_000_000), help="How many payments, instead of the profile's number.")
@click.option("--check/--no-check", "checked", default=True, help="Read the target's books afterwards, and judge.")
@click.option("--evidence", "evidence_dir", type=_FOLDER, help="Evidence store; default: the state folder's.")
@click.option("--no-evidence", is_flag=True, help="Leave no signed statement.")
@format_option("text", "json")
def run(
    profile: str,
    target_name: str,
    out: Path | None,
    seed: int,
    run_id: str | None,
    payments: int | None,
    checked: bool,
    evidence_dir: Path | None,
    no_evidence: bool,
    output_format: str,
) -> int:
    """Run the storm PROFILE against a target, check the books, and leave signed evidence.

    Exit 0: clean. 1: findings. 3: something could not be judged, or the target could not be reached. 2: a profile, a target or an
    environment variable is not right.
    """
    import msgspec

    from gates.schema.state import state_dir
    from gates.schema.target import load_target
    from gates.schema.time import system_clock
    from loadtests.runfolder import RunFolder
    from loadtests.runner import Outcome, judge, leave_evidence, press
    from loadtests.schema import load_profile

    named_profile, target = load_profile(profile), load_target(target_name)
    if payments is not None:
        changed = msgspec.structs.replace(named_profile.profile, payments=payments)
        named_profile = msgspec.structs.replace(named_profile, profile=changed)
    identity = run_id or f"{system_clock():%Y%m%dT%H%M%S%f}"[:-3]
    folder = RunFolder((out or state_dir() / "loadruns" / f"{named_profile.name}-{identity}").absolute())
    report = press(named_profile, target, folder, seed=seed, run_id=identity, clock=system_clock)
    outcome = judge(folder, target) if checked else Outcome(report, None)
    if checked and not no_evidence:
        digest = leave_evidence(outcome, evidence_dir or state_dir() / "evidence", state_dir())
        click.echo(f"evidence {digest}", err=True)
    click.echo(f"run folder {folder.folder}", err=True)
    return _show(outcome, folder.check if checked else folder.run, output_format)


@load.command()
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--target", "target_name", help="Read this target's books anew; without it, the books kept in the folder are used.")
@format_option("text", "json")
def check(folder: Path, target_name: str | None, output_format: str) -> int:
    """Check the finished run in the folder RUN again, and rewrite its check.json."""
    from gates.schema.target import load_target
    from loadtests.runfolder import RunFolder
    from loadtests.runner import judge

    run_folder = RunFolder(folder)
    outcome = judge(run_folder, None if target_name is None else load_target(target_name))
    return _show(outcome, run_folder.check, output_format)


@load.command()
@format_option("text", "json")
def profiles(output_format: str) -> None:
    """List the shipped storm profiles."""
    import msgspec

    from loadtests.schema import shipped_profiles

    found = shipped_profiles()
    if output_format == "json":
        click.echo(msgspec.json.encode(found))
        return
    for item in found:
        pace = f"{item.profile.payments} payments, {item.profile.arrivals.rate_per_s}/s"
        click.echo(f"{item.name:<10} {pace:<26} {item.title}")


@load.command()
def schema() -> None:
    """Print the JSON Schema of the kind LoadProfile."""
    from loadtests.export import profile_schema_bytes

    click.echo(profile_schema_bytes(), nl=False)


def _show(outcome: "Outcome", written: Path, output_format: str) -> int:
    from loadtests.report import text_report, verdict_of

    click.echo(written.read_bytes() if output_format == "json" else text_report(outcome), nl=False)
    return int(verdict_of(outcome))
