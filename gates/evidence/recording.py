"""A run that the log lists before it starts, and the statement that ends it, with the raw files that it was computed from."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import msgspec

from gates.evidence.dsse import Signer
from gates.evidence.keys import load_signer
from gates.evidence.statement import Artifact, EvidenceKind, Predicate, Subject, short_kind
from gates.evidence.store import EvidenceStore, Held


class Recording(msgspec.Struct, frozen=True):
    """Where the statement of a run goes: the store, who signs, and the sha256 of the run's note."""

    store: EvidenceStore
    signer: Signer
    run: str

    def keep(self, files: Mapping[str, Path | bytes]) -> tuple[Artifact, ...]:
        """Store the raw files of the run by the names that the statement gives them; a file that is not there is left out."""
        there = {name: source for name, source in files.items() if isinstance(source, bytes) or source.is_file()}
        return tuple(self.store.keep_artifact(name, source) for name, source in sorted(there.items()))

    def sign(self, kind: str, subject: Subject, predicate: Predicate) -> Held:
        """Sign, store and list the statement that ends the run."""
        return self.store.record(self.signer, kind, subject, predicate, run=self.run)


class Recorder:
    """A recording that begins once nothing can prevent the run any more; `recording` is None before."""

    def __init__(self, folder: Path, home: Path, kind: EvidenceKind, target: str, *, profile: str = "", seed: int = 0) -> None:
        self._make = partial(begin_recording, folder, home, kind, target, profile=profile, seed=seed)
        self.recording: Recording | None = None

    def begin(self) -> None:
        """List the run."""
        self.recording = self._make()


def begin_recording(folder: Path, home: Path, kind: EvidenceKind, target: str, *, profile: str = "", seed: int = 0) -> Recording:
    """List a run that is about to start in the store at `folder`: without a statement it is shown as a run that left none."""
    store, signer = EvidenceStore(folder), load_signer(home)
    return Recording(store, signer, store.begin_run(signer, step=short_kind(kind), target=target, profile=profile, seed=seed))


def resume_recording(folder: Path, home: Path, run: str) -> Recording:
    """The recording of a run whose process was killed."""
    return Recording(EvidenceStore(folder), load_signer(home), run)
