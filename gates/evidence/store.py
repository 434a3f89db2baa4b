"""The evidence store: envelopes and raw files named by their sha256, and a signed log that lists every envelope."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from gates.evidence.contents import Contents, Held, kind_of, read_envelope
from gates.evidence.dsse import Signer, TrustRoot, jwks_bytes
from gates.evidence.objects import SUFFIX, Artifacts, Objects
from gates.evidence.statement import Artifact, Predicate, Subject, make_statement, sign_statement
from gates.log.chain import RESTORE, Damage, LogProblem, check_order, check_signatures
from gates.log.entry import Entry, EntryKind, Head, parse_head, sign_line
from gates.log.file import LOG, LogFile
from gates.log.notes import Note, RestoredNote, RunNote, sign_note
from gates.log.settle import Settled
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UnknownProblem
from gates.schema.output import show
from gates.schema.state import FILE as STATE_FILE
from gates.schema.state import KEY_FILE, PIN_FILE, SIGNERS_FILE, TRUST_FILE
from gates.schema.time import Clock, format_utc, monotonic_s, system_clock

__all__ = ["EvidenceStore", "Export", "Held", "part_of", "read_envelope"]

LOG_BUNDLE = "log.intoto.jsonl"  # in a review folder: the envelopes that its part of the log lists

NOBODY = TrustRoot({}, {})


class Export(msgspec.Struct, frozen=True):
    """A part of a log for a review folder: its lines, the envelopes that they list, one a line, and the head."""

    log: bytes
    envelopes: bytes
    head: Head

    @property
    def files(self) -> dict[str, bytes]:
        """The files of a review folder from which `gonogo state restore` rebuilds a log, by name."""
        return {LOG: self.log, LOG_BUNDLE: self.envelopes}


class EvidenceStore:
    """A folder with a log, the envelopes that it lists, and artifacts. The log is the truth about what there is.

    `own` are the keys of this store's own entries, in addition to those that `load` is given. `clock` dates entries.
    """

    def __init__(self, folder: Path, *, own: TrustRoot = NOBODY, clock: Clock = system_clock) -> None:
        self.folder = folder
        self.objects = folder / "objects"
        self._own, self._clock = own, clock
        self._envelopes = Objects(self.objects)
        self._artifacts = Artifacts(folder / "artifacts")
        self._log = LogFile(folder)

    def make(self) -> None:
        """Make the folder, for programs that are given its path; adding a statement makes it as well."""
        self.objects.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the store's lock: what this store reads inside is still true when it adds. Other processes wait."""
        with self._log.held():
            yield

    # --- adding ---

    def add(self, data: bytes, trust: TrustRoot, origin: str, signer: Signer) -> Held:
        """Store one envelope whose signature holds, listed under our own key; adding the same content again changes nothing."""
        held = read_envelope(data, trust, origin)
        compact = msgspec.json.encode(held.envelope)
        self.append(signer, EntryKind.STATEMENT, compact)
        return Held(sha256_hex(compact), held.envelope, held.statement)

    def record(self, signer: Signer, kind: str, subject: Subject, predicate: Predicate, *, run: str = "") -> Held:
        """Sign, store and list one statement; `run` is what `begin_run` returned."""
        marked = msgspec.structs.replace(predicate, rehearsal=signer.rehearsal)
        statement = make_statement(kind, subject, marked)
        envelope = sign_statement(signer, statement)
        data = msgspec.json.encode(envelope)
        held = read_envelope(data, TrustRoot.from_jwks(jwks_bytes(signer.jwk), "the signer", rehearsal=True), "the new statement")
        self.append(signer, EntryKind.STATEMENT, data, run=run)
        return held

    def begin_run(self, signer: Signer, *, step: str, target: str, profile: str = "", seed: int = 0) -> str:
        """List that a run is about to start, before it does, so that a run without a statement stays visible.

        Returns what `record` takes as `run`.
        """
        note = RunNote(step, target, profile, seed, format_utc(self._clock()), f"{os.getpid()}-{monotonic_s():.6f}")
        return self.note(signer, EntryKind.RUN, note).object

    def note(self, signer: Signer, kind: EntryKind, note: Note) -> Entry:
        """Store and list a note."""
        return self.append(signer, kind, sign_note(signer, note))

    def append(self, signer: Signer, kind: EntryKind, data: bytes, *, run: str = "") -> Entry:
        """Store one envelope durably, then list it; what is listed with this kind already is not listed again.

        On a log that is damaged or lost the envelope is stored, and LogProblem names where: `gonogo state restore` lists it.
        """
        digest = sha256_hex(data)
        with self._log.held():
            try:
                self._require_log()
                settled = self._settle(signer)
                check_order(settled.all_lines, str(self._log.path))
            except LogProblem as problem:
                if kind is EntryKind.RUN:  # nothing was measured yet
                    raise
                self._envelopes.write(digest, data)
                raise problem.with_more(f"what was to be listed is kept: {self._envelopes.path(digest)}") from None
            return self._append(signer, settled, kind, data, digest=digest, run=run)

    def note_loss(self, signer: Signer) -> None:
        """Note that this log began where another one had been, of which this machine keeps the head; report it."""
        known = self._log.head.unnoted()
        if not known:
            return
        entries = parse_head(known).seq
        self.note(signer, EntryKind.MIGRATION, RestoredNote("", (), format_utc(self._clock()), known, entries))
        self._log.head.noted()
        where = f"an earlier state folder in this place had a log of {entries} entries, which is gone"
        show(f"{self._log.path}: begins again: {where}; `gonogo state restore` brings such a log back", err=True)

    def complete(self, signer: Signer) -> None:
        """List what an interrupted write left; the lock is held. Nothing changes in a folder whose log is whole or damaged."""
        with suppress(LogProblem):
            if self._log.exists():
                self._settle(signer)

    def keep_artifact(self, name: str, source: Path | bytes) -> Artifact:
        """Store a raw file, or bytes, by digest; returns what a statement says of it."""
        return self._artifacts.keep(name, source)

    # --- reading ---

    def load(self, trust: TrustRoot) -> list[Held]:
        """Every statement, verified, by finishing time and digest.

        Raises UnverifiedProblem (LogProblem for the log) naming the first line, file or signature that is wrong or missing.
        """
        return self.contents(trust).statements(trust)

    def contents(self, trust: TrustRoot) -> Contents:
        """The verified log and every envelope that it lists, whole; raises LogProblem naming what is wrong."""
        own = trust.joined(self._own)
        self._repair(own)
        with self._log.held(shared=True):
            self._require_log()
            stored = self._envelopes.stored()
            settled = self._log.settled(stored)
        lines, origin = settled.all_lines, str(self._log.path)
        check_signatures(lines, own, origin)
        check_order(lines, origin)
        listed = {line.entry.object: line.entry for line in reversed(lines)}
        self._refuse_unlisted(stored - listed.keys() - {settled.adopt})
        data = {
            digest: self._envelopes.read(digest, f"{origin}: entry {entry.seq} ({entry.kind.value})")
            for digest, entry in listed.items()
        }
        if settled.notice:
            show(settled.notice, err=True)
        if not settled.adopt:
            return Contents(lines, data, own, origin)
        data[settled.adopt] = self._envelopes.read(settled.adopt, origin)
        return Contents(lines, data, own, origin, settled.adopt, self._adopted_kind(settled))

    def get(self, digest_prefix: str, trust: TrustRoot) -> Held:
        """The one statement whose digest starts so; raises UsageProblem for none or several."""
        return self.contents(trust).find(digest_prefix, trust)

    def export(self, trust: TrustRoot, since_seq: int = 1) -> Export | None:
        """The log from an entry on, with its envelopes, for a review folder; None for an empty log."""
        return part_of(self.contents(trust), since_seq)

    def check_artifact(self, artifact: Artifact) -> str:
        """What is wrong with a stored artifact; "" if nothing is."""
        return self._artifacts.check(artifact)

    def artifact_path(self, sha256: str) -> Path:
        """Where the artifact of this digest is, if it is stored."""
        return self._artifacts.path(sha256)

    # --- an interrupted or damaged log ---

    def _append(self, signer: Signer, settled: Settled, kind: EntryKind, data: bytes, *, digest: str, run: str) -> Entry:
        for line in settled.all_lines:
            if (line.entry.object, line.entry.kind) == (digest, kind):
                if digest not in self._envelopes.stored():
                    self._envelopes.write(digest, data)
                return line.entry
        line = sign_line(signer, head=settled.head, kind=kind, sha256=digest, at=format_utc(self._clock()), run=run)
        self._log.append(line, lambda: self._envelopes.write(digest, data))
        return line.entry

    def _settle(self, signer: Signer) -> Settled:
        """The log with an interrupted write put right on the disk; the lock is held."""
        settled = self._log.settled(self._envelopes.stored())
        if not self._log.interrupted():
            return settled
        if settled.adopt:
            check_order(settled.lines, str(self._log.path))
            line = sign_line(
                signer, head=settled.head, kind=self._adopted_kind(settled), sha256=settled.adopt, at=format_utc(self._clock())
            )
            self._log.append(line, lambda: self._log.cut(settled))
            show(settled.notice, err=True)
        else:
            self._log.apply(settled)
        return self._log.settled(self._envelopes.stored())

    def _adopted_kind(self, settled: Settled) -> EntryKind:
        path = self._envelopes.path(settled.adopt)
        return settled.adopt_kind or kind_of(self._envelopes.read(settled.adopt, str(self._log.path)), str(path))

    def _repair(self, own: TrustRoot) -> None:
        """Complete an interrupted write that needs no key; in a folder that cannot be written to it only counts."""
        if not self._log.interrupted():
            return
        with suppress(OSError, UnknownProblem), self._log.held():
            settled = self._log.settled(self._envelopes.stored())
            if self._log.interrupted() and not settled.adopt:
                check_signatures(settled.all_lines[len(settled.lines) :], own, str(self._log.pending))
                self._log.apply(settled)

    def _require_log(self) -> None:
        """A store with envelopes, or of a state folder with a key, has a log; raises LogProblem."""
        if self._log.exists():
            return
        count = len(self._envelopes.stored())
        home = self.folder.parent
        has_key = (home / KEY_FILE).exists() or ((home / SIGNERS_FILE).exists() and (home / TRUST_FILE).exists())
        has_signers = (home / SIGNERS_FILE).exists() or (home / PIN_FILE).exists()
        has_key = has_key or (has_signers and self._log.head.read() is not None)
        begun = self.folder.name == "evidence" and (home / STATE_FILE).exists() and has_key
        if count or begun:
            text = f"there are {count} envelopes in {self.objects} and no log that lists them"
            raise LogProblem(
                Damage.LOST,
                str(self._log.path),
                text,
                next_step=f"{RESTORE}; `gonogo state migrate` takes over a folder of version 1",
            )

    def _refuse_unlisted(self, names: frozenset[str]) -> None:
        if not names:
            return
        first = min(names)
        more = f", and {len(names) - 1} more," if len(names) > 1 else ""
        raise LogProblem(
            Damage.UNLISTED,
            str(self._log.path),
            f"{self.objects / first[:2] / (first + SUFFIX)}{more} in no entry: added by hand, or the log was truncated",
            next_step=f"move it away if it was added by hand (`gonogo evidence add` is the way); else {RESTORE}",
        )


def part_of(contents: Contents, since_seq: int) -> Export | None:
    """The log from an entry on, with its envelopes; None for an empty log."""
    lines = [line for line in contents.lines if line.entry.seq >= since_seq]
    if contents.head is None:
        return None
    envelopes = dict.fromkeys(contents.data[line.entry.object] for line in lines)
    return Export(b"".join(line.data + b"\n" for line in lines), b"".join(item + b"\n" for item in envelopes), contents.head)
