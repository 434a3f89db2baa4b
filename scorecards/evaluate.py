"""One evaluation, from the evidence store to a written folder and an entry in the log."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gates.commands import Named
from gates.evidence.dsse import Signer
from gates.evidence.identity import Reviewed
from gates.evidence.store import EvidenceStore, Held
from gates.evidence.unfinished import UnfinishedRun, unfinished
from gates.log.entry import EntryKind
from gates.relevant import dated_after, judged, marked, relevant
from gates.schema.canonical import sha256_hex
from gates.schema.durable import write_durably
from gates.schema.errors import UsageProblem
from gates.schema.time import format_utc, week_start
from gates.shown_red import shown_red
from scorecards import folder
from scorecards.build import BuildInputs, build
from scorecards.card import sign_card
from scorecards.card_bar import BarInputs
from scorecards.folder import LATEST, REVIEWS
from scorecards.history import PastCard
from scorecards.linked_logs import copy_logs, stored_logs
from scorecards.log_notes import log_notes
from scorecards.material import Judged, Material, why_preview
from scorecards.needs import Need
from scorecards.render import render_html
from scorecards.schema import Scorecard, Standing
from scorecards.standing import standing_of
from scorecards.weeks import week_of

_USUAL = Named()
BY_HAND = "judged as of a given moment (--now), not by the clock"


class Occasion(msgspec.Struct, frozen=True):
    """What is judged, as of when, for which week, and why it cannot become the week's official verdict, "" if it can.

    `named_as` is how target and profile were named on the command line: the commands on the card name them so. With a moment
    that was chosen (`by_hand`), evidence of later than that is left out. `needs` has to be done before evidence can count.
    """

    target: str
    reviewed: Reviewed
    now: dt.datetime
    week: str
    preview_because: str
    named_as: Named = Named()
    by_hand: bool = False
    needs: tuple[Need, ...] = ()

    @classmethod
    def at(
        cls,
        now: dt.datetime,
        *,
        target: str,
        reviewed: Reviewed,
        week: str | None,
        preview_because: str,
        named_as: Named = _USUAL,
        by_hand: bool = False,
        needs: tuple[Need, ...] = (),
    ) -> "Occasion":
        """The occasion at a moment; without a week it is the one that holds the moment."""
        return cls(target, reviewed, now, week or week_of(now), preview_because, named_as, by_hand, needs)


def evaluate(store: EvidenceStore, occasion: Occasion, material: Material, out: Path, *, keep: bool = True) -> Scorecard:
    """Judge, write the folder, and list the result in the log of the store.

    All of the folder is on the disk before the card is listed: a disk that is full leaves no card without what it was judged by.
    The caller holds the store's lock since it read `material`: a second evaluation waits, and then sees the first one's verdict.
    """
    past = material.history.official(occasion.target, occasion.week)
    earlier = [card for card in past if card.past.week < occasion.week]
    previous = _previous(store, earlier[-1]) if earlier else None
    reviewed = {occasion.target: occasion.reviewed}
    later = _later(material, occasion)
    material = msgspec.structs.replace(material, evidence=marked(material.evidence, later))
    evidence = [folder.compact(item) for item in relevant(material.gates, material.evidence, reviewed, occasion.now)]
    passes = [*judged(material.gates, material.evidence, reviewed), *material.registers.shown]
    because = _because(material, occasion, past, passes)
    notes = msgspec.structs.replace(log_notes(material.contents, material.since(past)), left_out=later)
    kept = stored_logs(evidence, store)
    inputs = msgspec.structs.replace(_inputs(occasion, material, past, because), log=notes, kept_logs=kept)
    scorecard = build(inputs, evidence, None if previous is None else folder.read_scorecard(previous, "the last scorecard"))
    yaml_bytes = folder.scorecard_yaml(scorecard)
    html_bytes = render_html(scorecard, sha256_hex(yaml_bytes))
    official = scorecard.spec.standing is Standing.OFFICIAL
    signer = _signer(material, official=official)
    card = sign_card(signer, scorecard, occasion.reviewed.target, material.signers_sha256, yaml_bytes, html_bytes)
    files = {
        folder.INPUTS_FILE: folder.inputs_yaml(inputs),
        folder.BUNDLE_FILE: folder.bundle(evidence),
        folder.HISTORY_FILE: folder.lines(item.held.envelope for item in past) if past else None,
        folder.PREVIOUS_FILE: previous,
        folder.YAML_FILE: yaml_bytes,
        folder.HTML_FILE: html_bytes,
        folder.UNLISTED_FILE: msgspec.json.encode(card) + b"\n",
        **material.files(past),
    }
    copy_logs(scorecard.spec.logs, store, out)
    for name, data in files.items():
        if data is not None:
            write_durably(out / name, data)
    if keep:
        for act in material.brought.values():  # a waiver that was used is counted when the next one renews it
            store.append(material.signer, EntryKind.HUMAN, act)
        store.keep_artifact(folder.YAML_FILE, yaml_bytes)
        entry = store.append(material.signer, EntryKind.CARD if official else EntryKind.PREVIEW, msgspec.json.encode(card))
        if official and material.memory is not None:
            material.memory.finish(occasion.week, occasion.target, format_utc(occasion.now), entry.object)
    folder.sign_off(out)
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


def _later(material: Material, occasion: Occasion) -> tuple[str, ...]:
    """What is left out for a moment that was chosen; nothing where the clock gives it."""
    if not occasion.by_hand:
        return ()
    reviewed = {occasion.target: occasion.reviewed}
    return tuple(item.digest for item in dated_after(material.gates, material.evidence, reviewed, occasion.now))


def _because(material: Material, occasion: Occasion, past: Sequence[PastCard], evidence: Sequence[Held]) -> str:
    """Why this is a preview; "" if it is official, which its key then remembers before it signs."""
    _remember_own(material, occasion, past)
    because = why_preview(material, evidence, Judged(occasion.week, occasion.target, occasion.now), occasion.preview_because)
    standing, _ = standing_of(occasion.week, occasion.now, [card.past for card in past], because)
    if standing is not Standing.OFFICIAL or material.memory is None:
        return because
    return material.memory.begin(occasion.week, occasion.target, format_utc(occasion.now))


def _remember_own(material: Material, occasion: Occasion, past: Sequence[PastCard]) -> None:
    """Let the key remember the week's card where it does not: one of an earlier release, or whose process ended too early."""
    own, memory = material.official, material.memory
    if own is None or memory is None:
        return
    for card in past:
        if card.past.week == occasion.week and own.keyid in material.trust.verify(card.held.envelope).keyids:
            memory.finish(occasion.week, occasion.target, card.past.evaluated_at, card.held.digest)


def _inputs(occasion: Occasion, material: Material, past: Sequence[PastCard], preview_because: str) -> BuildInputs:
    return BuildInputs(
        now=format_utc(occasion.now),
        week=occasion.week,
        target=occasion.target,
        reviewed={occasion.target: occasion.reviewed},
        preview_because=preview_because,
        gates=material.gates,
        waivers=material.waivers,
        history=tuple(card.past for card in past),
        bar=_with_inputs(material.bar, occasion.reviewed),
        explained=material.explained,
        log_head=material.log_head,
        rehearsal=material.signer.rehearsal,
        unfinished=_unfinished(material, occasion),
        registers=material.registers.states(occasion.now),
        registers_sha256=material.registers.listed_sha256,
        named_as=occasion.named_as,
        documents=dict(material.documents),
        shown=shown_red(material.contents, material.trust, {occasion.reviewed.build}, occasion.now),
        freeze=material.freeze,
        needs=occasion.needs,
    )


def _unfinished(material: Material, occasion: Occasion) -> tuple[UnfinishedRun, ...]:
    """This week's runs on the target that left no statement."""
    found = unfinished(material.contents, week_start(occasion.now))
    return tuple(run for run in found if run.target == occasion.target)


def _signer(material: Material, *, official: bool) -> Signer:
    if not official:
        return material.signer
    assert material.official is not None, "without an official key nothing is official"
    return material.official


def _previous(store: EvidenceStore, card: PastCard) -> bytes:
    """The YAML of the last official week, which the store keeps."""
    return folder.stored_yaml(store.artifact_path(card.past.yaml_sha256), card.past)


def _with_inputs(bar: BarInputs, reviewed: Reviewed) -> BarInputs:
    """The load profile and the tables of probes are part of the bar."""
    parts = msgspec.structs.replace(bar.parts, profile=reviewed.profile or "", tables=reviewed.table or "")
    return msgspec.structs.replace(bar, parts=parts)
