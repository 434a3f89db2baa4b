"""Drill and Release documents: the steps of a rehearsal, their order, and what has to hold before and after."""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec

from drills.incident.steps import AwaitPage
from drills.steps.base import action_of
from drills.steps.keys import CompareWithBooks
from drills.steps.rail import ObserveMode
from drills.steps.step import Step
from drills.steps.storm import ObserveSteadyState
from gates.evidence.statement import EvidenceKind, short_kind
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


class ClockProbe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="probe", tag="clock"):
    """The service's clock, by the `Date` of its answers, differs from the machine's by no more than this."""

    at_most: str


Probe: TypeAlias = ReadyProbe | ErrorRatioProbe | ClockProbe


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


USUAL_STATE = SteadyState((ReadyProbe(), ErrorRatioProbe("2s", "0.05", 20)), "20s")
USUAL_GUARDS: tuple[Guard, ...] = (DurationGuard("150s"), StormAliveGuard(), DiskFreeGuard(200))


class StormSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The load profile of the drill, and the minimum number of payments: the storm continues while the drill lasts."""

    profile: str
    payments: int


DrillKind = Literal[
    "crash-drill",
    "power-drill",
    "rollback-drill",
    "disk-full-drill",
    "fsync-error-drill",
    "slow-fsync-drill",
    "incident-drill",
    "incident-kill-drill",
    "incident-freeze-drill",
    "incident-latency-drill",
    "incident-rail-drill",
    "network-drill",
    "clock-drill",
    "pause-drill",
    "rail-outage-drill",
    "key-rotation-drill",
    "key-compromise-drill",
    "restore-drill",
    "restore-litestream-drill",
    "own-drill",
]


class Drill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rehearsal: setup, steady state, method, rollback in every case, steady state again, verify.

    Only `method` is needed. What is left out is the usual: a retry storm, steady state, guards and audit, the setup that the
    method's steps need, and a rollback that undoes each of them. `marker` is the operation by whose acknowledgement clients see
    that the service works. The evidence of a drill of one's own is `own-drill`; the other kinds are those of shipped drills.
    """

    method: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1)]
    evidence: DrillKind = "own-drill"
    marker: Literal["reserve", "settle"] = "settle"
    storm: StormSpec = StormSpec("crash", 480)
    setup: tuple[Step, ...] = ()
    steady_state: SteadyState = USUAL_STATE
    rollback: tuple[Step, ...] = ()
    verify: tuple[Step, ...] = ()
    guards: tuple[Guard, ...] = USUAL_GUARDS

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, in the order in which they are planned."""
        return self.setup + self.method + self.rollback + self.verify

    @property
    def length(self) -> int:
        """The number of steps in the progress display: all steps, and the steady state before and after."""
        return len(self.steps) + 2

    @property
    def kind(self) -> EvidenceKind:
        """The kind of evidence statement that this drill produces."""
        return next(kind for kind in EvidenceKind if short_kind(kind) == self.evidence)

    @property
    def detecting(self) -> bool:
        """Whether the method looks for the fault: with the steady state's probes, in the service's mode, or in its books."""
        return any(isinstance(step, AwaitPage | CompareWithBooks | ObserveMode | ObserveSteadyState) for step in self.method)

    def has(self, *actions: str) -> bool:
        """Whether one of these actions is among its steps."""
        return any(action_of(step) in actions for step in self.steps)


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
    """The drill document of that path, or the shipped one of that name, as it is written.

    Raises UsageProblem naming what is wrong.
    """
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
