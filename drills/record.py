"""The inputs of a drill's run, and its measurements so far."""

import msgspec

from drills.schema import Drill
from gates.evidence.statement import Measure
from gates.schema.target import Target


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All inputs of a run; DIR/plan.json, so that `recover` needs nothing else. It contains no credentials.

    `build` is the build that the caller names: what the evidence is about if the drill cannot ask the service.
    """

    run_id: str
    name: str
    drill: Drill
    target_name: str
    target_argument: str
    target: Target
    seed: int
    payments: int
    build: str | None = None


class Kill(msgspec.Struct):
    """One kill: its time, the number of acknowledged settles before it, and the seconds until ready.

    `unsynced` counts the writes that the disk had not synced, if its power was cut too.
    """

    at_s: float
    settles: int
    recover_s: float | None = None
    unsynced: int = 0


class Finding(msgspec.Struct, frozen=True):
    """One finding of the load run's check."""

    rule: str
    payment_id: str | None = None
    detail: str = ""


class Check(msgspec.Struct, frozen=True):
    """The members of the load run's check.json that a drill reads."""

    measures: dict[str, Measure]
    findings: tuple[Finding, ...]


class Record(msgspec.Struct):
    """The run's measurements so far; times are monotonic seconds."""

    builds: dict[str, str] = {}
    kills: list[Kill] = []
    in_flight: list[int] = []
    deploy_s: float | None = None
    serving_s: float | None = None
    detected_s: float | None = None
    steady_again_s: float | None = None
    check: Check | None = None
    integrity: str | None = None
    deviations: list[str] = []
