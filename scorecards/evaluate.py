"""One evaluation, from stored evidence to a written folder and a row in the history."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gates.evidence.dsse import Signer
from gates.evidence.identity import Reviewed
from gates.evidence.store import Held
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UsageProblem
from gates.schema.gate import Gate
from gates.schema.time import format_utc
from gates.schema.waiver import Waiver
from gates.selection import relevant
from scorecards import folder
from scorecards.build import BuildInputs, build
from scorecards.card_bar import BarInputs
from scorecards.history import History, open_history
from scorecards.render import render_html
from scorecards.schema import Scorecard
from scorecards.weeks import week_of

REVIEWS = "reviews"
LATEST = "latest"
BY_HAND = "judged as of a given moment (--now), not by the clock"


class Occasion(msgspec.Struct, frozen=True):
    """What is judged, as of when, for which week, and why it cannot become the week's official verdict, "" if it can."""

    target: str
    reviewed: Reviewed
    now: dt.datetime
    week: str
    preview_because: str

    @classmethod
    def at(cls, now: dt.datetime, *, target: str, reviewed: Reviewed, week: str | None, preview_because: str) -> "Occasion":
        """The occasion at a moment; without a week it is the one that holds the moment."""
        return cls(target, reviewed, now, week or week_of(now), preview_because)


class Material(msgspec.Struct, frozen=True):
    """What is judged with: the gates, the waivers, all evidence at hand, the keys that verify it, and what else makes the bar."""

    gates: tuple[Gate, ...]
    waivers: tuple[Waiver, ...]
    evidence: Sequence[Held]
    trust_jwks: bytes
    bar: BarInputs = BarInputs()


def evaluate(home: Path, occasion: Occasion, material: Material, signer: Signer, out: Path, *, keep: bool = True) -> Scorecard:
    """Judge, write the folder, and keep the result in the history of the state folder, all in one transaction.

    A second evaluation at the same moment waits, and then sees the first one's official verdict.
    """
    with open_history(home) as history:
        inputs, previous = _inputs(history, occasion, material)
        evidence = [_compact(item) for item in relevant(inputs.gates, material.evidence, inputs.reviewed, occasion.now)]
        previous_card = None if previous is None else folder.read_scorecard(previous, "the history")
        scorecard = build(inputs, evidence, previous_card)
        yaml_bytes = folder.scorecard_yaml(scorecard)
        html_bytes = render_html(scorecard, sha256_hex(yaml_bytes))
        files = {
            folder.INPUTS_FILE: folder.inputs_yaml(inputs),
            folder.BUNDLE_FILE: folder.bundle(evidence),
            folder.TRUST_FILE: material.trust_jwks,
            folder.PREVIOUS_FILE: previous,
            folder.YAML_FILE: yaml_bytes,
            folder.HTML_FILE: html_bytes,
            folder.SIGNATURE_FILE: folder.sign_scorecard(signer, scorecard, inputs, yaml_bytes, html_bytes),
        }
        _write(out, files)
        if keep:
            history.add(scorecard, yaml_bytes)
    return scorecard


def new_folder(home: Path, week: str, given: Path | None) -> Path:
    """The folder to write into: the one given, or the week's next free number in the state folder.

    Raises UsageProblem if the given folder is not empty.
    """
    if given is not None:
        return make_empty(given)
    reviews = home / REVIEWS
    reviews.mkdir(exist_ok=True)
    number = 1
    while True:
        path = reviews / f"{week}-{number}"
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
            continue
        return path


def make_empty(path: Path) -> Path:
    """Make a folder, or use an empty one; raises UsageProblem if it is not empty."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageProblem(f"{path}: is not an empty folder", next_step="give --out a folder that does not exist yet")
    path.mkdir(parents=True, exist_ok=True)
    return path.absolute()


def point_latest(home: Path, out: Path) -> None:
    """Let `reviews/latest` in the state folder lead to this folder."""
    reviews = home / REVIEWS
    reviews.mkdir(exist_ok=True)
    part = reviews / f".{LATEST}.part"
    part.unlink(missing_ok=True)
    part.symlink_to(out.relative_to(reviews) if out.is_relative_to(reviews) else out)
    part.replace(reviews / LATEST)


def _inputs(history: History, occasion: Occasion, material: Material) -> tuple[BuildInputs, bytes | None]:
    official = history.official(occasion.target, occasion.week)
    earlier = [data for past, data in official if past.week < occasion.week]
    inputs = BuildInputs(
        now=format_utc(occasion.now),
        week=occasion.week,
        target=occasion.target,
        reviewed={occasion.target: occasion.reviewed},
        preview_because=occasion.preview_because,
        gates=material.gates,
        waivers=material.waivers,
        history=tuple(past for past, _ in official),
        bar=_with_inputs(material.bar, occasion.reviewed),
    )
    return inputs, earlier[-1] if earlier else None


def _with_inputs(bar: BarInputs, reviewed: Reviewed) -> BarInputs:
    """The load profile and the tables of probes are part of the bar."""
    parts = msgspec.structs.replace(bar.parts, profile=reviewed.profile or "", tables=reviewed.table or "")
    return msgspec.structs.replace(bar, parts=parts)


def _compact(held: Held) -> Held:
    """The same evidence named by its envelope on one line, which is how the bundle holds it."""
    return Held(sha256_hex(folder.bundle_line(held.envelope)), held.envelope, held.statement)


def _write(out: Path, files: dict[str, bytes | None]) -> None:
    for name, data in files.items():
        if data is not None:
            (out / name).write_bytes(data)
