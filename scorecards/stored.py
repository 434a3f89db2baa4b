"""The content of the state folder and of the files on the command line: gates, waivers, verified evidence, keys."""

import datetime as dt
import os
from pathlib import Path

import msgspec

from gates.build import make_reviewed, read_build, require_sha256
from gates.commands import Named
from gates.evidence.keys import EVIDENCE, load_signer
from gates.evidence.store import EvidenceStore
from gates.schema.catalogs import NAMES, catalog, rules_path
from gates.schema.gateset import load_gates
from gates.schema.target import NamedTarget, load_target
from gates.slo.document import load_slos, target_documents
from scorecards.bar import BarParts, target_bar_sha256
from scorecards.card_bar import BarInputs
from scorecards.evaluate import Occasion, evaluate, new_folder, point_latest
from scorecards.material import read_material
from scorecards.needs import needs_of, target_text
from scorecards.schema import Scorecard
from scorecards.weeks import monday
from scorecards.whose_bar import make_plan

ELSEWHERE = "judged from another evidence store (--evidence), whose log is not this state folder's"


class Sources(msgspec.Struct, frozen=True):
    """Where the inputs are; a path None means the shipped gates, or the folder in the state folder."""

    target: str
    build: str | None
    profile: str
    week: str | None
    gates: Path | None
    waivers: Path | None
    evidence: Path | None


def bar_inputs(named: NamedTarget) -> BarInputs:
    """The bar's parts that are known before the review: the target's rules, and the shipped catalogs with their questions.

    Raises UsageProblem for an SLO document of the target that cannot be read.
    """
    documents = target_documents(named)
    slos = load_slos(*documents) if documents else ()
    return BarInputs(
        BarParts(target_bar_sha256(named.target, slos)), make_plan({name: load_gates(catalog(name)) for name in NAMES})
    )


def open_store(home: Path, path: Path | None) -> EvidenceStore:
    """The evidence store at a path, or the state folder's own."""
    return EvidenceStore(path or home / EVIDENCE)


def build_from_store(
    home: Path, sources: Sources, now: dt.datetime, out: Path | None, *, preview_because: str, keep: bool, by_hand: bool = False
) -> Scorecard:
    """Judge stored evidence and write a folder; the service is only read for its build, if that is not given.

    By another store than the state folder's own nothing becomes official: red runs and past weeks may be missing in it. Where the
    moment was given `by_hand`, evidence of later than that is left out.
    """
    named, gates = load_target(sources.target), load_gates(rules_path(sources.gates, sources.target))
    if sources.week is not None:
        monday(sources.week)
    load_signer(home)
    store = open_store(home, sources.evidence)
    build = read_build(named) if sources.build is None else sources.build and require_sha256(sources.build)
    reviewed, named_as = make_reviewed(named, build, sources.profile), _named_as(sources)
    because = preview_because or _elsewhere(home, store)
    target, week = named.name, sources.week
    needs = needs_of(named.target, sources.target, target_text(sources.target), os.environ, gates)
    occasion = Occasion.at(
        now,
        target=target,
        reviewed=reviewed,
        week=week,
        preview_because=because,
        named_as=named_as,
        by_hand=by_hand,
        needs=() if sources.build else needs,
    )
    with store.held():
        material = read_material(home, store, gates, sources.waivers, bar_inputs(named))
        path = new_folder(home, occasion.week, out)
        scorecard = evaluate(store, occasion, material, path, keep=keep)
    if keep and not _elsewhere(home, store):  # the log is held against the one in the latest review's folder
        point_latest(home, path)
    return scorecard


def _named_as(sources: Sources) -> Named:
    return Named(sources.target, sources.profile, str(sources.gates or ""), sources.build or "")


def _elsewhere(home: Path, store: EvidenceStore) -> str:
    return "" if store.folder.resolve() == (home / EVIDENCE).resolve() else ELSEWHERE
