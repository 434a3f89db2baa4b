"""A lost or damaged log is rebuilt from review folders: each carries a part of it, and together they have to be one log."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from gates.evidence.contents import kind_of
from gates.evidence.dsse import Signer, TrustRoot, decode_envelope
from gates.evidence.keys import load_signer
from gates.evidence.objects import SUFFIX, Artifacts, Objects, sha256_of
from gates.evidence.store import EvidenceStore
from gates.log.chain import Damage, LogProblem, check_common, check_order, check_signatures
from gates.log.entry import SHA256, EntryKind, Head, Line, head_of, parse_head, read_line
from gates.log.file import LOG, LogFile
from gates.log.known import read_part
from gates.log.notes import RestoredNote
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UnverifiedProblem
from gates.schema.time import Clock, format_utc

_OBJECT = re.compile(rb'"object":"([0-9a-f]{64})"')
MORE = "give more review folders"
CARD, CARD_TEXT = "scorecard.intoto.json", "scorecard.yaml"  # in a review folder: the signed card, and what it is about


class Restored(msgspec.Struct, frozen=True):
    """What was rebuilt: the head that the folders led to, and the stored envelopes beyond it that were listed again.

    `known` is the head that this machine had kept of the log, if that is beyond; `missing` entries were not brought back, and of
    their objects `lost` are known. `kept_in` is where the head is kept now, None for a store that is not a state folder's.
    """

    head: Head
    listed_again: tuple[str, ...]
    known: str
    missing: int
    lost: tuple[str, ...]
    kept_in: Path | None


def merge(parts: Mapping[str, Sequence[Line]]) -> tuple[Line, ...]:
    """The one log that all parts are of, from its first entry on.

    Raises LogProblem for parts that fork, and naming the entries that none of them has.
    """
    whole: dict[int, tuple[Line, str]] = {}
    for origin, part in parts.items():
        for line in part:
            known, theirs = whole.setdefault(line.entry.seq, (line, origin))
            check_common([line], [known], origin, theirs)
    lines = [whole[seq][0] for seq in sorted(whole)]
    absent = sorted(set(range(1, max(whole, default=0) + 1)) - whole.keys())
    if absent:
        text = f"none of the folders has entry {', '.join(map(str, absent[:9]))}{' and others' if len(absent) > 9 else ''}"
        raise LogProblem(Damage.REMOVED, "the review folders", text, next_step=MORE)
    check_order(lines, "the review folders")
    return tuple(lines)


def restore(home: Path, folder: Path, reviews: Sequence[Path], trust: TrustRoot, clock: Clock) -> Restored:
    """Rebuild the log in `folder` and the envelopes that it lists; what that log itself still holds counts too.

    Envelopes of the folder that the rebuilt log does not list are listed again, if a trusted key signed them. The log notes that
    it was restored, and how much could not be brought back. Raises LogProblem for parts that fork or leave a gap, and for
    envelopes that are in no folder: then the log is rebuilt, and still has a gap.
    """
    named = _named(folder / LOG)
    mine = _own(folder / LOG, trust)
    parts = {str(review / LOG): read_part(review, trust) for review in reviews}
    lines = merge({**parts, **({str(folder / LOG): mine} if mine else {})})
    head = head_of(lines)
    assert head is not None, "each part has a line"
    objects = Objects(folder / "objects")
    log = LogFile(folder)
    is_replaced = _put_back(log, objects, lines, dict(_envelopes(reviews)))
    _copy_artifacts(Artifacts(folder / "artifacts"), reviews)
    _put_back_cards(objects, Artifacts(folder / "artifacts"), reviews)
    store, signer = EvidenceStore(folder, clock=clock), load_signer(home, clock)
    listed = {line.entry.object for line in log.lines(objects.stored())}
    again = tuple(_list_again(store, signer, objects, digest, trust) for digest in sorted(objects.stored() - listed))
    known, lost = log.head.unnoted(), tuple(sorted(named - objects.stored()))
    beyond = parse_head(known).seq - head.seq - len(again) if known else 0
    done = Restored(head, again, known, max(beyond, len(lost)), lost, log.head.path())
    if is_replaced or again:
        note = RestoredNote(str(head), again, format_utc(clock()), known, done.missing, lost)
        store.note(signer, EntryKind.MIGRATION, note)
        log.head.noted()
    _refuse_gaps(objects, lines, str(folder / LOG))
    return done


def _put_back(log: LogFile, objects: Objects, lines: tuple[Line, ...], found: Mapping[str, bytes]) -> bool:
    """Store the envelopes, and put the lines in the place of the log unless it holds them; says whether it did that."""
    with log.held():
        stored = objects.stored()
        for digest in {line.entry.object for line in lines} & found.keys() - stored:
            objects.write(digest, found[digest])
        try:
            is_there = log.lines(objects.stored())[: len(lines)] == lines
        except UnverifiedProblem:  # damaged, or without its kept head
            is_there = False
        if not is_there:
            log.replace(lines)
        return not is_there


def _copy_artifacts(artifacts: Artifacts, reviews: Sequence[Path]) -> None:
    for review in reviews:
        for path in sorted((review / "artifacts").glob("[0-9a-f][0-9a-f]/*")):
            if path.is_file() and SHA256.fullmatch(path.name) and sha256_of(path)[0] == path.name:
                artifacts.keep(path.name, path)


def _put_back_cards(objects: Objects, artifacts: Artifacts, reviews: Sequence[Path]) -> None:
    """A review's own card is listed after the log was copied into its folder, so no folder's log has the last one."""
    for review in reviews:
        card, text = review / CARD, review / CARD_TEXT
        if card.exists():
            data = card.read_bytes().rstrip(b"\n")
            objects.write(sha256_hex(data), data)
        if text.exists():
            artifacts.keep(CARD_TEXT, text)


def _list_again(store: EvidenceStore, signer: Signer, objects: Objects, digest: str, trust: TrustRoot) -> str:
    path = objects.path(digest)
    data = path.read_bytes() if path.exists() else b""
    hint = "move the file away: no key that you trust signed it"
    if sha256_hex(data) != digest:
        raise UnverifiedProblem(f"{path}: the file was changed", next_step=hint)
    kind = kind_of(data, str(path))
    try:
        if kind not in (EntryKind.HUMAN, EntryKind.REGISTER):  # people's keys are others
            trust.verify(decode_envelope(data, "the file"))
    except UnverifiedProblem as problem:
        raise UnverifiedProblem(f"{path}: {problem.message}", next_step=hint) from None
    store.append(signer, kind, data)
    return digest


def _named(path: Path) -> frozenset[str]:
    """Every object that the log names, however damaged it is."""
    data = path.read_bytes() if path.exists() else b""
    return frozenset(name.decode() for name in _OBJECT.findall(data))


def _own(path: Path, trust: TrustRoot) -> tuple[Line, ...]:
    """The folder's own log as far as it is whole; what follows the first damage is replaced."""
    try:
        texts = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return ()
    good: list[Line] = []
    for number, text in enumerate(texts, 1):
        try:
            line = read_line(text, f"line {number}")
            check_signatures([line], trust, str(path))
            check_order([*good[-1:], line], str(path), from_start=not good)
        except UnverifiedProblem:
            break
        good.append(line)
    return tuple(good)


def _envelopes(folders: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    """Every envelope in the folders, by its sha256: one a line in bundles, or a file."""
    for folder in folders:
        for path in sorted(folder.rglob(f"*{SUFFIX}")):
            data = path.read_bytes().rstrip(b"\n")
            yield sha256_hex(data), data
        for path in sorted(folder.rglob("*.intoto.jsonl")):
            for line in path.read_bytes().splitlines():
                yield sha256_hex(line), line


def _refuse_gaps(objects: Objects, lines: Sequence[Line], origin: str) -> None:
    stored = objects.stored()
    gone = [line.entry for line in lines if line.entry.object not in stored]
    if gone:
        first = f"entry {gone[0].seq} ({gone[0].kind.value} {gone[0].object[:12]})"
        text = f"the log is rebuilt; {len(gone)} of its envelopes are in none of the folders, the first is that of {first}"
        raise LogProblem(Damage.REMOVED, origin, text, next_step=MORE)
