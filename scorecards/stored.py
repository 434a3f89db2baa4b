"""The content of the state folder and of the files on the command line: gates, waivers, verified evidence, keys."""

import datetime as dt
from pathlib import Path

import msgspec

from gates.acts.waivers import load_waivers
from gates.build import make_reviewed, read_build, require_sha256
from gates.evidence.keys import TRUST_FILE, load_signer, own_trust
from gates.evidence.store import EvidenceStore
from gates.schema.gate import Gate
from gates.schema.gateset import CATALOG, load_gates
from gates.schema.target import Target, load_target
from gates.schema.waiver import Waiver
from scorecards.bar import BarParts, target_bar_sha256
from scorecards.card_bar import BarInputs
from scorecards.evaluate import Material, Occasion, evaluate, new_folder, point_latest
from scorecards.schema import Scorecard
from scorecards.weeks import monday
from scorecards.whose_bar import LAUNCH_PLAN, make_plan

EVIDENCE = "evidence"


class Sources(msgspec.Struct, frozen=True):
    """Where the inputs are; a path None means the shipped gates, or the folder in the state folder."""

    target: str
    build: str | None
    profile: str
    week: str | None
    gates: Path | None
    waivers: Path | None
    evidence: Path | None


class Rules(msgspec.Struct, frozen=True):
    """The gates and waivers, read once: a file that changes while a review runs has no effect on it."""

    gates: tuple[Gate, ...]
    waivers: tuple[Waiver, ...]


def load_rules(home: Path, gates_path: Path | None, waivers_path: Path | None) -> Rules:
    """The gates and waivers at these paths; raises UsageProblem, RefusedProblem or UnverifiedProblem naming what is wrong."""
    gates = load_gates(gates_path or CATALOG)
    return Rules(gates, tuple(load_waivers(home, waivers_path, gates)))


def gather(home: Path, rules: Rules, evidence_path: Path | None, target: Target) -> Material:
    """Everything to judge with; raises UnverifiedProblem for evidence that was tampered with."""
    load_signer(home)
    return Material(
        gates=rules.gates,
        waivers=rules.waivers,
        evidence=EvidenceStore(evidence_path or home / EVIDENCE).load(own_trust(home)),
        trust_jwks=(home / "keys" / TRUST_FILE).read_bytes(),
        bar=BarInputs(BarParts(target_bar_sha256(target)), make_plan({LAUNCH_PLAN: load_gates(CATALOG)})),
    )


def build_from_store(
    home: Path, sources: Sources, now: dt.datetime, out: Path | None, *, preview_because: str, keep: bool
) -> Scorecard:
    """Judge stored evidence and write a folder; the service is only read for its build, if that is not given."""
    named = load_target(sources.target)
    if sources.week is not None:
        monday(sources.week)
    material = gather(home, load_rules(home, sources.gates, sources.waivers), sources.evidence, named.target)
    build = read_build(named) if sources.build is None else sources.build and require_sha256(sources.build)
    reviewed = make_reviewed(named, build, sources.profile)
    occasion = Occasion.at(now, target=named.name, reviewed=reviewed, week=sources.week, preview_because=preview_because)
    path = new_folder(home, occasion.week, out)
    scorecard = evaluate(home, occasion, material, load_signer(home), path, keep=keep)
    if keep:
        point_latest(home, path)
    return scorecard
