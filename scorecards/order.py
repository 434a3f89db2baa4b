"""What a review has to do, checked before anything is started: mistakes cost seconds, not minutes."""

import contextlib
import datetime as dt
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from gates.build import profile_path
from gates.commands import Named
from gates.evidence.keys import EVIDENCE, load_signer
from gates.schema.catalogs import rules_path
from gates.schema.gate import Gate
from gates.schema.gateset import load_gates
from gates.schema.target import NamedTarget, UnsetProblem, check_environment, load_target
from gates.schema.time import Clock, format_utc
from gates.schema.tls import ca_environment
from scorecards.chosen import left_out
from scorecards.evaluate import BY_HAND, new_folder
from scorecards.material import Judged, Material, read_material, why_preview
from scorecards.needs import Need, needs_of, target_text
from scorecards.schema import Standing
from scorecards.standing import standing_of
from scorecards.stored import bar_inputs, open_store
from scorecards.weeks import monday, week_of


class Options(msgspec.Struct, frozen=True):
    """The options of the command line as they were given."""

    target: str
    profile: str
    seed: int
    out: Path | None
    week: str | None
    now: dt.datetime | None
    preview: bool
    gates_path: Path | None
    waivers_path: Path | None
    steps: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()


class Order(msgspec.Struct, frozen=True):
    """The options resolved: every path absolute, every document read once and valid.

    `foreseen` says whether the scorecard will be official, and why not: as far as that is known before the first step.
    `left_out` are the steps that are not run, each with the reason. `by_hand`: --now gave the moment. `needs` are what has to be
    done before evidence about the target can count.
    """

    home: Path
    out: Path
    evidence: Path
    named: NamedTarget
    target: str
    profile: str
    named_as: Named
    seed: int
    week: str | None
    preview_because: str
    foreseen: str
    gates: tuple[Gate, ...]
    gates_path: Path
    waivers_path: Path | None
    left_out: Mapping[str, str] = {}
    by_hand: bool = False
    needs: tuple[Need, ...] = ()


def make_order(home: Path, options: Options, system: Clock) -> Order:
    """Check target, week, gates, waivers and stored evidence, and make the review's folder.

    Raises UsageProblem or UnverifiedProblem naming what is wrong, before any step is run.
    """
    left_out(options.steps, options.skip)  # a name that no step has is reported before anything is read
    named = load_target(options.target)
    check_environment(named.target)
    with contextlib.suppress(UnsetProblem):
        ca_environment(named)
    if options.week is not None:
        monday(options.week)
    profile_path(options.profile)
    load_signer(home)
    gates_path = rules_path(options.gates_path, options.target).absolute()
    store, gates = open_store(home, None), load_gates(gates_path)
    store.make()
    with store.held():
        material = read_material(home, store, gates, options.waivers_path, bar_inputs(named))
    now = options.now or system()
    week, because = options.week or week_of(now), _preview_because(options)
    return Order(
        home=home,
        out=new_folder(home, week, options.out),
        evidence=home / EVIDENCE,
        named=named,
        target=str(Path(options.target).absolute()) if options.target.endswith((".yaml", ".yml")) else options.target,
        profile=str(Path(options.profile).absolute()) if options.profile.endswith((".yaml", ".yml")) else options.profile,
        named_as=Named(options.target, options.profile, str(options.gates_path or "")),
        seed=options.seed,
        week=options.week,
        preview_because=because,
        foreseen=_foreseen(material, named.name, week, now, because),
        gates=gates,
        gates_path=gates_path,
        waivers_path=None if options.waivers_path is None else options.waivers_path.absolute(),
        left_out=left_out(options.steps, options.skip, options.profile, gates),
        by_hand=options.now is not None,
        needs=needs_of(named.target, options.target, target_text(options.target), os.environ, gates),
    )


def _preview_because(options: Options) -> str:
    if options.now is not None:
        return BY_HAND
    return "requested with --preview" if options.preview else ""


def _foreseen(material: Material, target: str, week: str, now: dt.datetime, because: str) -> str:
    """Whether this will be the week's official scorecard; the evidence, which is still to come, can only make it a preview."""
    past = [card.past for card in material.history.official(target, week)]
    standing, reason = standing_of(week, now, past, why_preview(material, (), Judged(week, target, now), because))
    if standing is Standing.PREVIEW:
        return f"this will be a preview: {reason}"
    return f"this will be the official scorecard of {week} for {target}, which cannot be replaced: to look first, use --preview"


def warning(options: Options, now: dt.datetime) -> str:
    """A warning about --now before minutes are spent; "" if there is none."""
    if options.now is None or options.now >= now:
        return ""
    return (
        f"judging as of {format_utc(options.now)}, before this run collects its evidence (it is {format_utc(now)}): "
        "what is measured now is newer than that moment and does not count"
    )
