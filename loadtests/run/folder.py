"""A load run's folder: its files, written once and read back as values."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from gates.evidence.statement import Measure
from gates.schema.canonical import Json
from gates.schema.errors import UsageProblem
from loadtests.books.entries import IN_ITS_FILE, Books, Opening, unopened
from loadtests.books.read_list import ReadList, read_list_bytes, read_list_in, settlements_of
from loadtests.books.settlements import Expected
from loadtests.checker.check import Counts
from loadtests.checker.findings import Finding
from loadtests.storm.history import Event, HistoryWriter, read_history
from loadtests.storm.manners import Order
from loadtests.storm.plan import Plan, plan_bytes, read_plan
from loadtests.storm.supervise import StormEnd, StormFiles

Value = TypeVar("Value")


class CheckReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """`check.json`: every measure of the run, and every finding with its witness."""

    measures: dict[str, Measure]
    findings: tuple[Finding, ...]


class RunReport(msgspec.Struct, frozen=True):
    """`run.json`: profile, target, how the run ended, and the numbers of the report."""

    profile: str
    seed: int
    run_id: str
    target: str
    base_url: str
    builds: tuple[str | None, str | None]
    started_at: str
    finished_at: str
    duration_ms: int
    profile_sha256: str
    storm: StormEnd
    left_out: dict[str, str] = {}
    counts: Counts | None = None
    latency: dict[str, Json] = msgspec.field(default_factory=dict)


class RunFolder:
    """One run on disk: plan, order, books before it and history from the storm; books, check and run reports from afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = StormFiles(folder)
        self.books, self.check, self.run = folder / "books.json", folder / "check.json", folder / "run.json"
        self.metrics, self.before = folder / "metrics.json", folder / "before.json"
        self.readback = folder / "readback.jsonl"

    @property
    def measured(self) -> tuple[Path, ...]:
        """The files that measures and status are computed from, and the check that was."""
        files = (self.files.plan, self.files.order, self.before, self.files.history, self.books, self.run, self.check)
        return (*files, self.readback) if self.readback.exists() else files

    def require_new(self) -> None:
        """Raise UsageProblem if the folder already contains a run: one file cannot hold two histories."""
        if self.files.plan.exists():
            raise UsageProblem(f"{self.folder}: already holds a load run", next_step="give --out a new folder")

    def begin(self, plan: Plan, order: Order, opening: Opening | None = None, preflight: Sequence[Event] = ()) -> None:
        """Create the folder and write the storm's input, the books before it, and the events of the preflight."""
        self.require_new()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.files.plan.write_bytes(plan_bytes(plan))
        self.write(self.files.order, order)
        self.write(self.before, opening or unopened())
        if preflight:
            with HistoryWriter(self.files.history) as history:
                for event in preflight:
                    history.write(event)

    def cut(self, plan: Plan, begun: int) -> None:
        """Reduce the plan to what began: payments that were never requested are no part of the run."""
        self.files.plan.write_bytes(plan_bytes(msgspec.structs.replace(plan, payments=plan.payments[:begun])))

    def read_plan(self) -> Plan:
        """The plan of this run."""
        return read_plan(self._bytes(self.files.plan), str(self.files.plan))

    def read_order(self) -> Order:
        """The storm's input in addition to the plan."""
        return self._read(self.files.order, Order)

    def read_history(self) -> list[Event]:
        """The history of the storm."""
        return read_history(self.files.history)

    def read_opening(self) -> Opening:
        """The books before the run; what is missing in the folder was not read."""
        return self._read(self.before, Opening) if self.before.exists() else unopened()

    def write_books(self, books: Books, read: ReadList | None) -> None:
        """The books of this check; of a list of settlements the answers, as they came."""
        self.write(self.books, books if read is None else msgspec.structs.replace(books, settlements=IN_ITS_FILE))
        if read is None:
            self.readback.unlink(missing_ok=True)
        else:
            self.readback.write_bytes(read_list_bytes(read))

    def read_books(self, expected: Expected) -> Books:
        """The books as read at the last check against the target; `expected` is what the clients know."""
        if not self.books.exists():
            hint = "give --target, so that its books are read now"
            raise UsageProblem(f"{self.books}: the books of this run were never read", next_step=hint)
        books = self._read(self.books, Books)
        if books.settlements != IN_ITS_FILE:
            return books
        read = read_list_in(self._bytes(self.readback), str(self.readback))
        listed = settlements_of(read, expected)
        return msgspec.structs.replace(books, settlements=listed, shape=read.shape, waited_ms=read.waited_ms)

    def read_run(self) -> RunReport:
        """The report of the run."""
        return self._read(self.run, RunReport)

    def write(self, path: Path, value: object) -> None:
        """One JSON document with sorted keys and a line end."""
        path.write_bytes(msgspec.json.encode(value, order="sorted") + b"\n")

    def _read(self, path: Path, kind: type[Value]) -> Value:
        try:
            return msgspec.json.decode(self._bytes(path), type=kind)
        except msgspec.MsgspecError as error:
            raise UsageProblem(f"{path}: cannot be read: {error}") from None

    def _bytes(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise UsageProblem(f"{path}: no such file", next_step="give the folder of a finished load run") from None
