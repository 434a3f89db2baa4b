"""The inputs of a drill's run, and its measurements so far."""

from pathlib import Path
from typing import TypeVar

import msgspec

from drills.schema import Drill
from gates.evidence.statement import Measure
from gates.schema.durable import write_durably
from gates.schema.errors import UsageProblem
from gates.schema.target import Target
from gates.schema.tls import CA_FILE

FILE = "record.json"
PLAN_FILE = "plan.json"

Value = TypeVar("Value")


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the drill's statement goes: the folder of the evidence store, and the sha256 of the run's note in its log."""

    folder: str
    run: str


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All inputs of a run; DIR/plan.json, so that `recover` needs nothing else. It contains no credentials.

    `title` is what the drill's document calls it. `people` is set where the drill waits for people to acknowledge pages.
    `build` is the build that the caller names: what the evidence is about if the drill cannot ask the service. `evidence` is None
    for a drill that leaves no statement. `ca_file` is the path of the target's, as `gates.schema.tls` passes it on.
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
    people: bool = False
    evidence: Evidence | None = None
    ca_file: str | None = None
    title: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the drill's own clients need in addition to those that it was started with."""
        return {} if self.ca_file is None else {CA_FILE: self.ca_file}


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
    measure: str = ""


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
    payouts: Check | None = None
    integrity: str | None = None
    deviations: list[str] = []


def write_record(out: Path, record: Record) -> None:
    """DIR/record.json: what was measured and is in no other file, so that the measures can be computed again."""
    write_durably(out / FILE, msgspec.json.encode(record, order="sorted") + b"\n")


def read_record(out: Path) -> Record:
    """Read DIR/record.json; raises UsageProblem if it is missing or malformed."""
    return _read(out / FILE, Record)


def read_plan(out: Path) -> Plan:
    """Read DIR/plan.json; raises UsageProblem if it is missing or malformed."""
    return _read(out / PLAN_FILE, Plan)


def read_check(out: Path) -> Check:
    """Read DIR/storm/check.json; raises UsageProblem if it is missing or malformed."""
    return _read(out / "storm" / "check.json", Check)


def _read(path: Path, kind: type[Value]) -> Value:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        raise UsageProblem(f"{path}: no such file", next_step="give the DIR of `drill run --out DIR`") from None
    except msgspec.MsgspecError as error:
        raise UsageProblem(f"{path}: cannot be read: {error}") from None
