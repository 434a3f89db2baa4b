"""Everything that a drill's page is made from, read from the files of its folder."""

from pathlib import Path

import msgspec

from drills import journal
from drills.incident.case import case_of
from drills.incident.measures import Case
from drills.journal import Event, read_journal
from drills.markers import Marker
from drills.objectives import Lives
from drills.record import Plan, Record, read_plan, read_record
from drills.report import FILES, PAYOUTS, Report, compared, lives_of, read_report
from drills.restore.compare import Comparison
from drills.restore.measures import is_explained
from drills.storm import Line
from gates.evidence.statement import Measure
from gates.schema.errors import UsageProblem
from gates.schema.time import parse_utc
from gates.schema.witness import Proof


class Found(msgspec.Struct, frozen=True):
    """One finding of a load run's check, with its lines of proof."""

    rule: str
    payment_id: str | None = None
    detail: str = ""
    witness: tuple[Proof, ...] = ()


class _Check(msgspec.Struct, frozen=True):
    findings: tuple[Found, ...] = ()


class Material(msgspec.Struct, frozen=True):
    """One drill as its folder has it; times are nanoseconds of the machine's monotonic clock."""

    plan: Plan
    report: Report
    record: Record
    events: tuple[Event, ...]
    lives: Lives
    found: tuple[Found, ...]
    history: tuple[Line, ...]
    case: Case | None
    restored: Comparison | None

    @property
    def begun_ns(self) -> int:
        """The journal's first line."""
        return self.events[0].monotonic_ns

    @property
    def whole_ms(self) -> int:
        """From the first line of the journal to its last."""
        return max(self.since_ms(self.events[-1].monotonic_ns), 1)

    @property
    def markers(self) -> tuple[Marker, ...]:
        """The finished attempts of the clients."""
        return self.lives.markers

    def since_ms(self, at_ns: int) -> int:
        """Milliseconds since the drill began."""
        return (at_ns - self.begun_ns) // 1_000_000

    def at_ms(self, epoch_s: float) -> int:
        """The same for a moment in seconds since 1970."""
        return round((epoch_s - parse_utc(self.events[0].at).timestamp()) * 1000)

    def measure(self, name: str) -> Measure | None:
        """A measure of the report, if this kind of drill has it."""
        return self.report.measures.get(name)


def read_material(out: Path) -> Material:
    """Read a drill's folder; raises UsageProblem for a file that is missing or malformed."""
    plan, report, record = read_plan(out), read_report(out), read_record(out)
    events = read_journal(out / journal.FILE).events
    if not events:
        raise UsageProblem(f"{out / journal.FILE}: is empty", next_step=f"gonogo drill recover {out}")
    found = _found(out / FILES["check"]) + _found(out / PAYOUTS / "check.json")
    restored = compared(plan, out, events)
    if restored is not None:
        found = tuple(one for one in found if not is_explained(one.rule, one.payment_id, restored.lost_payments))
    return Material(
        plan=plan,
        report=report,
        record=record,
        events=events,
        lives=lives_of(plan, out, record, events),
        found=found,
        history=_history(out / FILES["history"]) if found or restored else (),
        case=case_of(plan.drill, out, events),
        restored=restored,
    )


def _found(path: Path) -> tuple[Found, ...]:
    """The findings of a check; none where it did not run, or where a storm that was killed left half a file."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Check).findings
    except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError):
        return ()


def _history(path: Path) -> tuple[Line, ...]:
    data = path.read_bytes() if path.is_file() else b""
    return tuple(msgspec.json.decode(raw, type=Line) for raw in data[: data.rfind(b"\n") + 1].splitlines())
