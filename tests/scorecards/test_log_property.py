"""No sequence of changes to stored evidence turns a NO GO into a GO, and none changes unnoticed what a signed card covers."""

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from intruder import entries_of, log_of, readable, store_envelope, write_again, write_lines
from log_heads import forget_head
from statements import reviewed
from weeks import Weeks

from gates.decide import decide
from gates.evidence.dsse import Signer
from gates.evidence.keys import own_trust
from gates.evidence.statement import EvidenceKind, Measure
from gates.evidence.store import EvidenceStore, Held
from gates.log.entry import Entry, EntryKind, Head, sign_line
from gates.log.head import HeadFile
from gates.log.known import check_against
from gates.schema.errors import UnverifiedProblem
from gates.schema.gate import Gate
from gates.schema.outcome import Decision
from gates.schema.time import parse_utc
from scorecards.card_bar import BarInputs
from scorecards.material import read_history, read_material

ONE = reviewed("5f" * 32)
NOW = "2026-11-27T12:05:00Z"
FEW, MANY = 60, 800
Step = tuple[Any, ...]

PLACE = st.integers(0, 30)
DAY = st.sampled_from(["2026-11-12", "2026-11-20", "2026-11-26", "2026-12-03"])
WITHOUT_KEY = st.one_of(
    st.tuples(st.just("cut"), PLACE),
    st.tuples(st.just("cut the file"), st.integers(1, 600)),
    st.tuples(st.just("drop a line"), PLACE),
    st.tuples(st.just("swap lines"), PLACE, PLACE),
    st.tuples(st.just("copy a line"), PLACE, PLACE),
    st.tuples(st.just("re-date a line"), PLACE, DAY),
    st.tuples(st.just("re-sign a line"), PLACE),
    st.tuples(st.just("point a line elsewhere"), PLACE, PLACE),
    st.tuples(st.just("remove an object"), PLACE),
    st.tuples(st.just("edit an object"), PLACE),
    st.tuples(st.just("re-date an object"), PLACE, DAY),
    st.tuples(st.just("put an object in the place of another"), PLACE, PLACE),
    st.tuples(st.just("add a clean run"), DAY),
    st.tuples(st.just("leave a pending line"), DAY),
    st.tuples(st.just("remove the reviews")),
)
WITH_KEY = st.one_of(
    st.tuples(st.just("drop"), PLACE),
    st.tuples(st.just("swap"), PLACE, PLACE),
    st.tuples(st.just("copy"), PLACE, PLACE),
    st.tuples(st.just("re-date"), PLACE, DAY),
    st.tuples(st.just("point elsewhere"), PLACE, PLACE),
    st.tuples(st.just("insert a clean run"), PLACE, DAY),
    st.tuples(st.just("another kind"), PLACE, st.sampled_from([EntryKind.STATEMENT, EntryKind.PREVIEW, EntryKind.RUN])),
)


class Stage:
    """A state folder that every example copies, and what an intruder has for it."""

    def __init__(self, life: Weeks, gates: tuple[Gate, ...], clean: Callable[[str, Signer], bytes]) -> None:
        self.life, self.gates, self.clean = life, gates, clean
        self.copy, self.kept = life.home.parent / "copy", life.home.parent / "kept"
        shutil.copytree(life.home, self.copy, symlinks=True)
        shutil.copytree(life.home / "reviews" / "2026-W47-1", self.kept)
        path = HeadFile(life.home / "evidence").path()
        assert path is not None, "the log has a head"
        self.head_path, self.head = path, path.read_bytes()

    def fresh(self) -> Path:
        """The state folder as it was; its head is kept outside, as it was too."""
        shutil.rmtree(self.life.home)
        shutil.copytree(self.copy, self.life.home, symlinks=True)
        self.head_path.write_bytes(self.head)
        return self.life.home

    def decision(self) -> Decision:
        """What is decided on what the folder holds now; raises UnverifiedProblem for a folder that is refused."""
        home = self.life.home
        store = EvidenceStore(home / "evidence")
        with store.held():
            material = read_material(home, store, self.gates, None, BarInputs())
        review = decide(material.gates, material.evidence, {"local": ONE}, parse_utc(NOW), material.waivers, material.explained)
        return review.decision.decision


@pytest.fixture(scope="module")
def stage(
    tmp_path_factory: pytest.TempPathFactory,
    signer: Signer,
    hold: Callable[..., Held],
    green_gates: tuple[Gate, ...],
    green_evidence: list[Held],
) -> Stage:
    """An official week, then a run that found a double settle between two clean ones: NO GO for the week."""
    life = Weeks(tmp_path_factory.mktemp("property") / "home", signer)
    life.add(green_evidence, "2026-11-20T09:00:00Z")
    life.judge(green_gates, ONE, "2026-11-20T12:01:00Z")
    found = hold(EvidenceKind.LOAD_RUN, {"double_settles": Measure("1", "count", 412)}, "2026-11-26T09:00:00.000Z")
    life.add([found], "2026-11-26T09:01:00Z")
    life.store("2026-11-26T10:00:00Z").begin_run(life.own, step="load-run", target="local")
    (load,) = (item for item in green_evidence if item.statement.predicate_type == EvidenceKind.LOAD_RUN)

    def clean(day: str, by: Signer) -> bytes:
        said = load.statement.predicate
        times = {name: day + getattr(said, name)[10:] for name in ("started_at", "finished_at")}
        predicate = msgspec.structs.replace(said, rehearsal=by.rehearsal, **times)
        statement = msgspec.structs.replace(load.statement, predicate=predicate)
        return msgspec.json.encode(by.sign(load.envelope.payload_type, msgspec.json.encode(statement, order="sorted")))

    life.store("2026-11-26T11:00:00Z").append(life.own, EntryKind.STATEMENT, clean("2026-11-26", life.own))
    return Stage(life, green_gates, clean)


@pytest.fixture(scope="module")
def stranger() -> Signer:
    """A key that nobody trusts."""
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes([77]) * 32))


def examples(count: int, *, same: bool = True) -> Callable[..., Any]:
    """The same examples in every run, or others each time; each copies a small folder."""
    return settings(
        max_examples=count,
        derandomize=same,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def objects_of(home: Path) -> list[Path]:
    return sorted((home / "evidence" / "objects").glob("*/*.intoto.json"))


def without_key(home: Path, stage: Stage, stranger: Signer, step: Step) -> None:
    """One change by somebody who can write into evidence/ and reviews/, and has no key."""
    what = step[0]
    lines, objects = log_of(home).read_bytes().split(b"\n")[:-1], objects_of(home)
    if what in ("add a clean run", "leave a pending line"):
        add_clean(home, stage.clean(step[1], stranger), lines, step, stranger)
    elif what == "cut the file":
        data = log_of(home).read_bytes()
        log_of(home).write_bytes(data[: max(0, len(data) - step[1])])
    elif what == "remove the reviews":
        shutil.rmtree(home / "reviews", ignore_errors=True)
    elif what.endswith("line") or what in ("cut", "swap lines", "point a line elsewhere"):
        if lines:
            write_lines(home, changed_lines(lines, step, stranger))
    elif objects:
        change_object(objects, step)


def add_clean(home: Path, clean: bytes, lines: list[bytes], step: Step, stranger: Signer) -> None:
    """A clean run of a stranger, with a line under the signature of another line, or as a write that was interrupted."""
    what, day = step
    digest = store_envelope(home, clean)
    if what == "leave a pending line":
        line = sign_line(stranger, head=None, kind=EntryKind.STATEMENT, sha256=digest, at=f"{day}T11:00:00.000Z")
        (home / "evidence" / "log.pending").write_bytes(line.data + b"\n")
    elif entries := readable(lines):
        entry = entries[-1]
        forged = msgspec.structs.replace(entry, seq=entry.seq + 1, kind=EntryKind.STATEMENT, object=digest)
        with log_of(home).open("ab") as file:
            file.write(msgspec.json.encode(forged, order="sorted") + b"\n")


def changed_lines(lines: list[bytes], step: Step, stranger: Signer) -> list[bytes]:
    """The lines after one change of them."""
    what, at = step[0], step[1] % len(lines)
    to = step[2] % len(lines) if isinstance(step[-1], int) and len(step) > 2 else 0
    if what == "cut":
        return lines[:at]
    if what == "drop a line":
        return lines[:at] + lines[at + 1 :]
    if what == "copy a line":
        return [*lines[:to], lines[at], *lines[to:]]
    changed = list(lines)
    if what == "swap lines":
        changed[at], changed[to] = lines[to], lines[at]
    elif entries := readable([lines[at], lines[to]]):
        changed[at] = msgspec.json.encode(changed_entry(entries[0], entries[-1], step, stranger), order="sorted")
    return changed


def changed_entry(entry: Entry, other: Entry, step: Step, stranger: Signer) -> Entry:
    """An entry with another date or object under its old signature, or with the signature of a stranger."""
    if step[0] == "re-date a line":
        return msgspec.structs.replace(entry, at=f"{step[2]}T11:00:00.000Z")
    if step[0] == "point a line elsewhere":
        return msgspec.structs.replace(entry, object=other.object)
    head = Head(entry.seq - 1, entry.previous) if entry.seq > 1 else None
    return sign_line(stranger, head=head, kind=entry.kind, sha256=entry.object, at=entry.at, run=entry.run).entry


def change_object(objects: list[Path], step: Step) -> None:
    what, *more = step
    path = objects[more[0] % len(objects)]
    data = path.read_bytes()
    if what == "remove an object":
        path.unlink()
    elif what == "edit an object":
        path.write_bytes(data[:40] + bytes([data[40] ^ 1]) + data[41:])
    elif what == "re-date an object":
        whole = json.loads(data)
        payload = base64.b64decode(whole["payload"]).replace(b"2026-11-26T", more[1].encode() + b"T")
        path.write_text(json.dumps({**whole, "payload": base64.b64encode(payload).decode()}))
    else:
        path.write_bytes(objects[more[1] % len(objects)].read_bytes())


def with_key(home: Path, stage: Stage, entries: list[Entry], step: Step) -> None:
    """One change of the list of entries by somebody who signs all of it again with the evidence key."""
    what, *more = step
    if not entries:
        return
    at = more[0] % len(entries)
    other = entries[more[1] % len(entries)] if len(more) > 1 and isinstance(more[1], int) else entries[at]
    if what == "drop":
        entries.pop(at)
    elif what == "swap":
        to = more[1] % len(entries)
        entries[at], entries[to] = entries[to], entries[at]
    elif what == "copy":
        entries.insert(more[1] % len(entries), entries[at])
    elif what == "re-date":
        entries[at] = msgspec.structs.replace(entries[at], at=f"{more[1]}T11:00:00.000Z")
    elif what == "point elsewhere":
        entries[at] = msgspec.structs.replace(entries[at], object=other.object)
    elif what == "another kind":
        entries[at] = msgspec.structs.replace(entries[at], kind=more[1])
    else:
        digest = store_envelope(home, stage.clean(more[1], stage.life.own))
        entries.insert(at, msgspec.structs.replace(entries[at], kind=EntryKind.STATEMENT, object=digest, run=""))


def stays_no_go(stage: Stage, stranger: Signer, steps: list[Step]) -> None:
    home = stage.fresh()
    for step in steps:
        without_key(home, stage, stranger, step)
    try:
        assert stage.decision() is Decision.NO_GO, steps
    except UnverifiedProblem:
        return  # exit 8


def stays_covered(stage: Stage, steps: list[Step]) -> None:
    home = stage.fresh()
    entries = entries_of(home)
    covered = entries[: len((stage.kept / "log.jsonl").read_bytes().splitlines())]
    for step in steps:
        with_key(home, stage, entries, step)
    forget_head(home)
    shutil.rmtree(home / "reviews")
    write_again(home, entries, stage.life.own)
    try:
        if not read_history(home).official("local", "2026-W48"):  # the card itself is gone: whoever has its folder sees it
            contents = EvidenceStore(home / "evidence").contents(own_trust(home))
            check_against(contents.lines, str(stage.kept), own_trust(home), "the log")
    except UnverifiedProblem:
        return  # exit 8
    assert entries_of(home)[: len(covered)] == covered, steps


def test_the_stage_is_a_no_go_that_would_be_a_go_without_the_red_run(stage: Stage) -> None:
    """Whoever has the evidence key and the head that is kept elsewhere as well can do it: that is what both are for."""
    home = stage.fresh()
    assert stage.decision() is Decision.NO_GO
    entries = entries_of(home)
    red = next(number for number, entry in enumerate(entries) if entry.at == "2026-11-26T09:01:00.000Z")
    write_again(home, entries[:red] + entries[red + 1 :], stage.life.own)
    with pytest.raises(UnverifiedProblem, match="before the known head"):
        stage.decision()
    forget_head(home)
    assert stage.decision() is Decision.GO


@given(steps=st.lists(WITHOUT_KEY, min_size=1, max_size=3))
@example(steps=[("cut", 10)])
@example(steps=[("remove the reviews",), ("cut", 10)])
@example(steps=[("remove the reviews",), ("cut", 0), ("leave a pending line", "2026-11-26")])
@examples(FEW)
def test_without_the_evidence_key_no_change_turns_a_no_go_into_a_go(stage: Stage, stranger: Signer, steps: list[Step]) -> None:
    """Removed, edited, re-dated, re-ordered, re-signed or added: refused, or still NO GO."""
    stays_no_go(stage, stranger, steps)


@given(steps=st.lists(WITH_KEY, min_size=1, max_size=4))
@examples(FEW)
def test_with_the_evidence_key_nothing_that_an_official_card_covers_changes_unnoticed(stage: Stage, steps: list[Step]) -> None:
    """Without the head and the review folders, too: the card names the log that it was judged by, and cannot be signed again."""
    stays_covered(stage, steps)


@pytest.mark.nightly(minutes=5)
@given(without=st.lists(WITHOUT_KEY, min_size=1, max_size=8), steps=st.lists(WITH_KEY, min_size=1, max_size=8))
@examples(MANY, same=False)
def test_both_hold_for_many_more(stage: Stage, stranger: Signer, without: list[Step], steps: list[Step]) -> None:
    """The same, longer, and with other changes every night."""
    stays_no_go(stage, stranger, without)
    stays_covered(stage, steps)
