"""Drill and Release documents: the steps of a rehearsal, their order, and what has to hold before and after."""

from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from drills.steps import Step
from gates.evidence.statement import EvidenceKind
from gates.schema.documents import Document, load_document
from gates.schema.errors import UsageProblem

CATALOG = Path(__file__).with_name("catalog")


class ReadyProbe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="probe", tag="ready"):
    """The target's ready path responds 2xx within `timeout`."""

    timeout: str = "2s"


class ErrorRatioProbe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="probe", tag="error_ratio"):
    """At most this share of the storm's attempts in the last `window` got no usable response; a decimal string.

    With fewer than `min_samples` attempts the probe is undecided and never holds.
    """

    window: str
    at_most: str
    min_samples: int


Probe: TypeAlias = ReadyProbe | ErrorRatioProbe


class SteadyState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The normal state, and the time limit to reach it."""

    probes: tuple[Probe, ...]
    within: str


class DurationGuard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="guard", tag="duration"):
    """Abort when setup and method have taken longer than this."""

    at_most: str


class StormAliveGuard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="guard", tag="storm_alive"):
    """Abort if the storm ends before the method: without load the drill proves nothing."""


class DiskFreeGuard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="guard", tag="disk_free"):
    """Abort before the disk is full."""

    at_least_mb: int


Guard: TypeAlias = DurationGuard | StormAliveGuard | DiskFreeGuard


class StormSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The load profile of the drill, and the minimum number of payments: the storm continues while the drill lasts."""

    profile: str
    payments: int


_KINDS = {
    "crash-drill": EvidenceKind.CRASH_DRILL,
    "power-drill": EvidenceKind.POWER_DRILL,
    "rollback-drill": EvidenceKind.ROLLBACK_DRILL,
}


class Drill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rehearsal: setup, steady state, method, rollback in every case, steady state again, verify."""

    evidence: Literal["crash-drill", "power-drill", "rollback-drill"]
    storm: StormSpec
    setup: tuple[Step, ...]
    steady_state: SteadyState
    method: tuple[Step, ...]
    rollback: tuple[Step, ...]
    verify: tuple[Step, ...]
    guards: tuple[Guard, ...]

    @property
    def length(self) -> int:
        """The number of steps in the progress display: all steps, and the steady state before and after."""
        return len(self.setup + self.method + self.rollback + self.verify) + 2

    @property
    def kind(self) -> EvidenceKind:
        """The kind of evidence statement that this drill produces."""
        return _KINDS[self.evidence]


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One replacement in one file of the package; `old` must occur exactly once. An empty `old` creates a new file."""

    file: str
    why: str
    new: str
    old: str = ""


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A release of the reference gateway: a copy of the package with these changes."""

    changes: tuple[Change, ...] = ()


def load_drill(name_or_path: str) -> Document[Drill]:
    """The drill document of that path, or the shipped one of that name; raises UsageProblem naming what is wrong."""
    return load_document(_find(name_or_path, CATALOG, "drill"), "Drill", Drill)


def drill_names() -> tuple[str, ...]:
    """The shipped drills."""
    return tuple(sorted(path.stem for path in CATALOG.glob("*.yaml")))


def _find(name_or_path: str, folder: Path, what: str) -> Path:
    if "/" in name_or_path or name_or_path.endswith((".yaml", ".yml")):
        return Path(name_or_path)
    path = folder / f"{name_or_path}.yaml"
    if not path.exists():
        names = ", ".join(sorted(item.stem for item in folder.glob("*.yaml")))
        raise UsageProblem(f"no {what} is called {name_or_path!r}", next_step=f"use one of {names}, or a path to a file")
    return path
