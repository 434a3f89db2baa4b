"""`gonogo load`: run a retry storm, check its results, list the profiles."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import click

from gates.lazy import Later, LazyGroup
from gates.schema.options import TARGET_DEFAULT, format_option, preset
from gates.schema.output import show, show_product, write_document

if TYPE_CHECKING:
    from loadtests.run.runner import LoadResult

_FOLDER = click.Path(path_type=Path, file_okay=False)


class _Load(LazyGroup):
    later: ClassVar[Mapping[str, Later]] = {
        "probe": Later("loadtests.probe.cli:probe", "Make one payment, and print what was understood of the service."),
    }


@click.group(cls=_Load)
def load() -> None:
    """Load a payment service with retry storms, and check that no payment settled twice or was lost."""


@load.command()
@click.argument("profile")
@click.option(
    "--target",
    "target_name",
    default=preset("target"),
    show_default=TARGET_DEFAULT,
    help="A target's name, or the path of its file.",
)
@click.option("--out", type=_FOLDER, help="Folder for the run; default: a new one under the state folder.")
@click.option(
    "--seed", type=click.IntRange(0, 2**53 - 1), default=1, show_default=True, help="Determines every random choice of the plan."
)
@click.option("--run-id", help="Part of every idempotency key; default: the time, so that runs never share keys.")
@click.option("--payments", type=click.IntRange(1, 1_000_000), help="How many payments, instead of the profile's number.")
@click.option(
    "--until",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Start further payments until FILE exists, at most five times the number.",
)
@click.option("--check/--no-check", "checked", default=True, help="Read the target's books afterwards, and check; else 3.")
@click.option("--evidence", "evidence_dir", type=_FOLDER, help="Evidence store; default: the state folder's.")
@click.option("--no-evidence", is_flag=True, help="Write no signed statement.")
@format_option("text", "json")
def run(
    profile: str,
    target_name: str,
    out: Path | None,
    seed: int,
    run_id: str | None,
    payments: int | None,
    until: Path | None,
    checked: bool,
    evidence_dir: Path | None,
    no_evidence: bool,
    output_format: str,
) -> int:
    """Run the storm PROFILE against a target, check the books, and write signed evidence.

    Exit 0: clean. 1: findings. 3: something could not be judged or was not checked, no request had an effect, or the target could
    not be reached. 2: a profile, a target or an environment variable is invalid, or the target's file does not fit the service.
    A run that does not begin leaves evidence that says so, and why.
    """
    from gates.evidence.recording import Recorder
    from gates.evidence.statement import EvidenceKind
    from gates.schema.errors import Problem
    from gates.schema.state import made_state_dir
    from gates.schema.target import load_target
    from gates.schema.time import system_clock
    from loadtests.run.folder import RunFolder
    from loadtests.run.not_run import record_not_run
    from loadtests.run.runner import judge, nothing, record_evidence, run_load, unchecked
    from loadtests.schema import load_profile, with_payments

    named_profile, target = load_profile(profile), load_target(target_name)
    if payments is not None:
        named_profile = with_payments(named_profile, payments)
    identity = run_id or f"{system_clock():%Y%m%dT%H%M%S%f}"[:-3]
    folder = RunFolder((out or made_state_dir() / "loadruns" / f"{named_profile.name}-{identity}").absolute())
    home = made_state_dir()
    kind, store = EvidenceKind.LOAD_RUN, evidence_dir or home / "evidence"
    recorder = Recorder(store, home, kind, target.name, profile=named_profile.name, seed=seed)
    recorded = checked and not no_evidence
    begin = recorder.begin if recorded else nothing
    folder.require_new()
    try:
        run_load(named_profile, target, folder, seed=seed, run_id=identity, clock=system_clock, until=until, begin=begin)
    except Problem as problem:
        if recorded and recorder.recording is None:
            record_not_run(recorder, target, named_profile, seed, problem)
        raise
    result = judge(folder, target) if checked else unchecked(folder)
    if recorder.recording is not None:
        show(f"evidence {record_evidence(result, target, folder, recorder.recording)}", err=True)
    show(f"run folder {folder.folder}", err=True)
    return _show(result, folder.check if checked else folder.run, output_format)


@load.command()
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--target", "target_name", help="Read this target's books again; without it, use the books stored in the folder.")
@format_option("text", "json")
def check(folder: Path, target_name: str | None, output_format: str) -> int:
    """Check the finished run in the folder RUN again, and rewrite its check.json."""
    from gates.schema.target import load_target
    from loadtests.run.folder import RunFolder
    from loadtests.run.runner import judge

    run_folder = RunFolder(folder)
    result = judge(run_folder, None if target_name is None else load_target(target_name))
    return _show(result, run_folder.check, output_format)


@load.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
def recompute(folder: Path) -> None:
    """Compute the measures again from the files in FOLDER, named as in the statement; `scorecard verify --deep` runs this."""
    from gates.evidence.recomputed import recomputed_bytes
    from loadtests.recompute import recompute as compute

    write_document(recomputed_bytes(compute(folder)), nl=True)


@load.command()
@click.option(
    "--target",
    "target_name",
    default=preset("target"),
    show_default=TARGET_DEFAULT,
    help="A target's name, or the path of its file.",
)
@click.option("--rounds", type=click.IntRange(1, 99), default=5, show_default=True, help="Number of measurements of each row.")
@click.option("--seconds", type=click.IntRange(1, 60), default=2, show_default=True, help="Seconds of one measurement.")
@click.option("--seed", type=click.IntRange(0, 2**53 - 1), default=1, show_default=True, help="Determines the order of the rows.")
@click.option("--quick", is_flag=True, help="One round of one second: about a minute, as a quick test.")
@click.option("--only", multiple=True, metavar="ROW", help="Measure this row; may be given more than once.  [default: all]")
@click.option(
    "--growth", type=click.IntRange(10_001), multiple=True, help="Also settle with this many payments stored; filling takes long."
)
@click.option("--generator", type=click.Choice(["auto", "wrk", "own"]), default="auto", show_default=True, help="Load generator.")
@click.option("--work", type=_FOLDER, help="Folder for the databases; must be on a disk.  [default: /var/tmp]")
@click.option("--postgres", type=_FOLDER, help="Folder of PostgreSQL's programs.  [default: search for it]")
@click.option("--out", type=_FOLDER, help="Write bench.json and bench.md to this folder.")
@click.option("--check", "checked", is_flag=True, help="End with 1 where a target is missed, with 3 where one is unknown.")
@format_option("text", "json", "md")
def bench(
    target_name: str,
    rounds: int,
    seconds: int,
    seed: int,
    quick: bool,
    only: tuple[str, ...],
    growth: tuple[int, ...],
    generator: str,
    work: Path | None,
    postgres: Path | None,
    out: Path | None,
    checked: bool,
    output_format: str,
) -> int:
    """Compare the speed of the service with a bare service and with common alternatives, in one run.

    Every row is measured between two measurements of its control, in rounds of random order, with the load generator on its own
    core; ratios are medians. Exit 0 for any figures, 3 if a service cannot be started.
    """
    from gates.schema.target import load_target
    from gates.schema.time import system_clock
    from loadtests.bench.needs import SERVER, require

    require(SERVER)
    from loadtests.bench.command import BenchOrder, json_text, run_bench, work_folder, write_report
    from loadtests.bench.render import markdown, text
    from loadtests.bench.report import exit_code
    from loadtests.bench.rows import chosen

    rows = chosen(only, growth)
    rounds, seconds = (1, 1) if quick else (rounds, seconds)
    order = BenchOrder(rows, rounds, seconds, seed, generator, work_folder(work), postgres)
    report = run_bench(order, load_target(target_name), system_clock)
    if out is not None:
        write_report(report, out)
    shapes = {"text": text, "md": markdown, "json": json_text}
    show_product(shapes[output_format](report), output_format)
    return int(exit_code(report)) if checked else 0


@load.command("hostile-rail")
@click.option(
    "--target",
    "target_name",
    default=preset("target"),
    show_default=TARGET_DEFAULT,
    help="A target's name, or the path of its file.",
)
@click.option("--payouts", type=click.IntRange(1, 1000), default=4, show_default=True, help="Number of payouts per fault.")
@click.option("--fault", "only", multiple=True, metavar="NAME", help="Run this fault; may be repeated.  [default: all]")
@click.option("--seed", type=click.IntRange(0, 2**31), default=1, show_default=True, help="Determines all random choices.")
@click.option("--run-id", help="Part of every idempotency key; default: the time, so that runs never share keys.")
@click.option(
    "--patience",
    type=click.IntRange(1, 3600),
    default=60,
    show_default=True,
    help="Time limit for a fault's outcomes, in seconds.",
)
@click.option(
    "--until", type=click.Path(path_type=Path, dir_okay=False), help="The fault `outage` requests no more once this file exists."
)
@click.option("--out", type=_FOLDER, help="Folder for the run; default: a new one under the state folder.")
@click.option("--evidence", "evidence_dir", type=_FOLDER, help="Evidence store; default: the state folder's.")
@click.option("--no-evidence", is_flag=True, help="Write no signed statement.")
@format_option("text", "json")
def hostile_rail(
    target_name: str,
    payouts: int,
    only: tuple[str, ...],
    seed: int,
    run_id: str | None,
    patience: int,
    until: Path | None,
    out: Path | None,
    evidence_dir: Path | None,
    no_evidence: bool,
    output_format: str,
) -> int:
    """Pay out through a rail that declines, stalls, loses replies and misreports, and reconcile three books.

    The rail's URL is in GONOGO_RAIL_URL; without it, service and rail are started here if the target defines how. Exit 0: every
    debt was paid once, and clients, service and rail agree. 1: findings. 3: something could not be judged or did not respond.
    """
    from gates.evidence.recording import Recorder
    from gates.evidence.statement import EvidenceKind
    from gates.schema.state import made_state_dir
    from gates.schema.target import load_target
    from gates.schema.time import system_clock
    from loadtests.hostile.judge.verdict import exit_code
    from loadtests.hostile.play.faults import chosen
    from loadtests.hostile.report import text_report
    from loadtests.hostile.runner import KitSettings, check_bytes, heading, record_evidence, run_kit
    from loadtests.run.runner import nothing

    identity = run_id or f"{system_clock():%Y%m%dT%H%M%S%f}"[:-3]
    folder = (out or made_state_dir() / "hostilerail" / identity).absolute()
    settings = KitSettings(payouts, seed, identity, patience, chosen(only), until)
    target, home = load_target(target_name), made_state_dir()
    recorder = Recorder(evidence_dir or home / "evidence", home, EvidenceKind.HOSTILE_RAIL, target.name, seed=seed)
    result = run_kit(target, settings, folder, system_clock, recorder.begin if not no_evidence else nothing)
    if recorder.recording is not None:
        show(f"evidence {record_evidence(result, target, folder, recorder.recording)}", err=True)
    show(f"run folder {folder}", err=True)
    shown = check_bytes(result) if output_format == "json" else text_report(heading(result), result.verdict)
    show_product(shown, output_format)
    return int(exit_code(result.verdict))


@load.command()
@format_option("text", "json")
def profiles(output_format: str) -> None:
    """List the shipped storm profiles."""
    import msgspec

    from loadtests.schema import shipped_profiles

    found = shipped_profiles()
    if output_format == "json":
        write_document(msgspec.json.encode(found), nl=True)
        return
    for item in found:
        pace = f"{item.profile.payments} payments, {item.profile.arrivals.rate_per_s}/s"
        show(f"{item.name:<10} {pace:<26} {item.title}")


@load.command()
def schema() -> None:
    """Print the JSON Schema of the kind LoadProfile."""
    from loadtests.export import profile_schema_bytes

    write_document(profile_schema_bytes())


def _show(result: "LoadResult", written: Path, output_format: str) -> int:
    from loadtests.run.report import text_report, verdict_of

    show_product(written.read_bytes() if output_format == "json" else text_report(result), output_format)
    return int(verdict_of(result))
