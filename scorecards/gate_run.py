"""`gonogo gate run`: the gates judged by stored evidence, held to the last official scorecard as a scorecard would be."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from gates.cli import gates_option
from gates.evidence_cli import evidence_option, trust_option
from gates.schema.options import (
    PROFILE_DEFAULT,
    REPORTS,
    TARGET_DEFAULT,
    clock_at,
    format_option,
    now_option,
    preset,
    verdict_options,
)
from gates.schema.output import show, show_product
from gates.schema.state import known_state_dir

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gates.acts.store import HeldAct
    from gates.evidence.identity import Reviewed
    from gates.schema.gate import Gate
    from gates.schema.target import NamedTarget
    from gates.schema.verdict import LastWeek, RedRun


@click.command()
@gates_option
@evidence_option
@trust_option
@click.option(
    "--target", default=preset("target"), show_default=TARGET_DEFAULT, help="The target under review: a shipped name, or a path."
)
@click.option("--build", help="The sha256 of the build under review, where the service does not report it.")
@click.option(
    "--profile",
    default=preset("profile"),
    show_default=PROFILE_DEFAULT,
    help="The load profile whose runs count: a name, or a path.",
)
@click.option(
    "--waivers",
    "waivers_path",
    default=preset("waivers"),
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder of signed waiver files, in addition to the waivers that the state folder keeps.",
)
@verdict_options
@now_option
@format_option("text", "json", "yaml", *REPORTS)
def run(  # each parameter is one option of the command line
    gates_path: Path | None,
    evidence_path: Path | None,
    trust_path: Path | None,
    target: str,
    build: str | None,
    profile: str,
    waivers_path: Path | None,
    fail_on: str | None,
    accept: str | None,
    now: dt.datetime | None,
    output_format: str,
) -> int:
    """Judge the gates by stored evidence: may we launch?

    Only evidence about the build that the target runs counts: from this target file, this instance and this load profile. The
    bar is held against that of the last official scorecard of an earlier week, as `gonogo scorecard build` does.

    Exit 0 GO, 9 CONDITIONAL GO, 1 NO GO because a P0 or P1 gate fails, 3 NO GO because something could not be judged.
    """
    from gates.acts.act import ActKind
    from gates.acts.store import explained_by, load_acts
    from gates.acts.waivers import load_waivers
    from gates.attested import document_digests
    from gates.build import make_reviewed, read_build, require_sha256
    from gates.commands import Named, with_commands
    from gates.decide import decide, exit_code
    from gates.evidence_cli import open_store, trust_root
    from gates.registers.store import load_registers
    from gates.relevant import dated_after, later_text, marked
    from gates.render import render
    from gates.schema.catalogs import rules_path
    from gates.schema.gateset import load_gates
    from gates.schema.target import load_target
    from gates.shown_red import shown_red
    from gates.signers.store import load_signers

    gates, named, home = load_gates(rules_path(gates_path, target)), load_target(target), known_state_dir()
    trust, signers = trust_root(trust_path), load_signers(home)
    contents = open_store(evidence_path).contents(trust)
    cards = trust.joined(contents.own) if signers is None else trust.joined(contents.own).joined(signers.trust_root())
    waivers = load_waivers(home, waivers_path, gates)
    sha256 = read_build(named) if build is None else require_sha256(build)
    reviewed = {named.name: make_reviewed(named, sha256, profile)}
    acts = load_acts(home, signers)
    held = contents.statements(trust)
    left_out = () if now is None else dated_after(gates, held, reviewed, now)
    if left_out:
        show(f"note: {later_text([item.digest for item in left_out])}", err=True)
    known = marked(held, {item.digest for item in left_out})
    at = clock_at(now)()
    registers = load_registers(contents, trust, signers).states(at)
    last_week, blocked_by = _held_to(home, named, gates, at, acts[ActKind.LOOSENING])
    named_gates = with_commands(gates, Named(target, profile, str(gates_path or ""), build or ""))
    explained, documents = explained_by(acts[ActKind.EXPLANATION]), document_digests(gates)
    shown = (*shown_red(contents, cards, {sha256}, at), *_red_here(home, evidence_path, gates, reviewed, at))
    held_to = (last_week, blocked_by, documents, registers, shown)
    review = decide(named_gates, known, reviewed, at, waivers, explained, *held_to)
    show_product(render(review, output_format), output_format)
    return int(exit_code(review.decision, fail_on=fail_on, accept=accept))


def _red_here(
    home: Path, given: Path | None, gates: Sequence[Gate], reviewed: Mapping[str, Reviewed], at: dt.datetime
) -> tuple[RedRun, ...]:
    """This week's red runs in the state folder's own log, where the gates are judged from another store: it may lack them."""
    from gates.evidence.keys import EVIDENCE
    from gates.evidence.store import EvidenceStore
    from gates.evidence_cli import trust_root
    from gates.red_runs import red_runs
    from gates.shelf import Shelf
    from gates.shown_red import shown_red
    from scorecards.stored import ELSEWHERE

    if given is None or given.resolve() == (home / EVIDENCE).resolve():
        return ()
    show(f"note: {ELSEWHERE}: failing runs may be missing in it; those of the state folder count", err=True)
    trust = trust_root(None)
    contents = EvidenceStore(home / EVIDENCE).contents(trust)
    builds = {one.build for one in reviewed.values()}
    red = red_runs(gates, Shelf(contents.statements(trust)), reviewed, at, ())
    return (*shown_red(contents, trust, builds, at), *(run for run in red if run.stops))


def _held_to(
    home: Path, named: NamedTarget, gates: Sequence[Gate], at: dt.datetime, loosenings: Sequence[HeldAct]
) -> tuple[LastWeek | None, tuple[str, ...]]:
    """What the last official scorecard of an earlier week holds the gates to: its P1 gates, and what nobody signed."""
    from gates.evidence.keys import EVIDENCE
    from gates.evidence.store import EvidenceStore
    from scorecards import folder
    from scorecards.card_bar import card_bar, held_to
    from scorecards.loosening import why_blocked
    from scorecards.material import loosening_of, read_history
    from scorecards.stored import bar_inputs
    from scorecards.weeks import week_of

    week = week_of(at)
    past = [card.past for card in read_history(home).official(named.name, week)]
    earlier = [one for one in past if one.week < week]
    if not earlier:
        return None, ()
    path = EvidenceStore(home / EVIDENCE).artifact_path(earlier[-1].yaml_sha256)
    last = folder.read_scorecard(folder.stored_yaml(path, earlier[-1]), "the last scorecard").spec
    inputs = msgspec.structs.replace(bar_inputs(named), loosenings=tuple(map(loosening_of, loosenings)))
    return held_to(last), why_blocked(card_bar(inputs, gates, last, week, past).loosened)
