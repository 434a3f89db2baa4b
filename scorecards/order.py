"""What a review has to do, checked before anything is started: mistakes cost seconds, not minutes."""

import datetime as dt
from pathlib import Path

import msgspec

from gates.build import profile_path
from gates.evidence.keys import EVIDENCE, load_signer
from gates.schema.gate import Gate
from gates.schema.target import NamedTarget, check_environment, load_target
from gates.schema.time import Clock, format_utc
from scorecards.evaluate import BY_HAND, new_folder
from scorecards.material import read_material
from scorecards.stored import bar_inputs, load_rules, open_store
from scorecards.weeks import monday, week_of


class Options(msgspec.Struct, frozen=True):
    """The options of the command line as they were given."""

    target: str
    profile: str
    seed: int
    out: Path | None
    week: str | None
    now: dt.datetime | None
    gates_path: Path | None
    waivers_path: Path | None


class Order(msgspec.Struct, frozen=True):
    """The options resolved: every path absolute, every document read once and valid."""

    home: Path
    out: Path
    evidence: Path
    named: NamedTarget
    target: str
    profile: str
    seed: int
    week: str | None
    preview_because: str
    gates: tuple[Gate, ...]
    gates_path: Path | None
    waivers_path: Path | None


def make_order(home: Path, options: Options, system: Clock) -> Order:
    """Check target, week, gates, waivers and stored evidence, and make the review's folder.

    Raises UsageProblem or UnverifiedProblem naming what is wrong, before any step is run.
    """
    named = load_target(options.target)
    check_environment(named.target)
    if options.week is not None:
        monday(options.week)
    profile_path(options.profile)
    load_signer(home)
    store, gates = open_store(home, None), load_rules(options.gates_path)
    store.make()
    with store.held():
        read_material(home, store, gates, options.waivers_path, bar_inputs(named.target))
    return Order(
        home=home,
        out=new_folder(home, options.week or week_of(options.now or system()), options.out),
        evidence=home / EVIDENCE,
        named=named,
        target=str(Path(options.target).absolute()) if options.target.endswith((".yaml", ".yml")) else options.target,
        profile=str(Path(options.profile).absolute()) if options.profile.endswith((".yaml", ".yml")) else options.profile,
        seed=options.seed,
        week=options.week,
        preview_because=BY_HAND if options.now is not None else "",
        gates=gates,
        gates_path=None if options.gates_path is None else options.gates_path.absolute(),
        waivers_path=None if options.waivers_path is None else options.waivers_path.absolute(),
    )


def warning(options: Options, now: dt.datetime) -> str:
    """A warning about --now before minutes are spent; "" if there is none."""
    if options.now is None or options.now >= now:
        return ""
    return (
        f"judging as of {format_utc(options.now)}, before this run collects its evidence (it is {format_utc(now)}): "
        "what is measured now is newer than that moment and does not count"
    )
