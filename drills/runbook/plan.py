"""The inputs of one run of a runbook, and the names of its files."""

from pathlib import Path

import msgspec

from drills.record import Evidence
from gates.schema.canonical import canonical_json
from gates.schema.errors import UsageProblem
from gates.schema.target import Target
from gates.schema.tls import CA_FILE

PLAN_FILE, PAGE_FILE, LOGS, WORK, BIN = "plan.json", "page.md", "logs", "work", "bin"


class RunbookPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All inputs of a run; DIR/plan.json. It contains no credentials.

    `begin` is the step that the run begins with, "" for the first. `by_program` says that no person takes part: `--yes`.
    `fault` is the rehearsal's, "" where the service is whatever it is. `evidence` is None for a run that leaves no statement.
    `codes` are the failures that the run was about, where the page is for several: it resolves no other one. `shipped` says that
    the page is one that gonogo ships, as it ships it.
    """

    run_id: str
    name: str
    page_sha256: str
    target_name: str
    target_argument: str
    target: Target
    begin: str = ""
    by_program: bool = False
    fault: str = ""
    codes: tuple[str, ...] = ()
    evidence: Evidence | None = None
    ca_file: str | None = None
    shipped: bool = False

    @property
    def environment(self) -> dict[str, str]:
        """The variables that programs need for the target's certificates."""
        return {} if self.ca_file is None else {CA_FILE: self.ca_file}


def write_plan(folder: Path, plan: RunbookPlan) -> None:
    """DIR/plan.json, canonical."""
    (folder / PLAN_FILE).write_bytes(canonical_json(plan) + b"\n")


def read_plan(folder: Path) -> RunbookPlan:
    """Read DIR/plan.json; raises UsageProblem if it is missing or malformed."""
    path = folder / PLAN_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=RunbookPlan)
    except FileNotFoundError:
        raise UsageProblem(f"{path}: no such file", next_step="give the DIR of `runbook run --out DIR`") from None
    except msgspec.MsgspecError as error:
        raise UsageProblem(f"{path}: cannot be read: {error}") from None
