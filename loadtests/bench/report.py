"""The document of a run: rows, goals, books, machine, and every pair behind the figures."""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from gates.schema.outcome import ExitCode
from loadtests.bench.machine import Machine
from loadtests.bench.rows import ROWS, Row
from loadtests.bench.samples import Pair, Sample, Spread, decimal, median, spread
from loadtests.bench.targets import GOALS, Goal, Judged, Pairs, judge


class Figures(msgspec.Struct, frozen=True):
    """Medians over the rounds, as decimal strings; `rss_mb` is the maximum, commits are the total."""

    rate: str
    p50_ms: str
    p99_ms: str
    p999_ms: str
    cpu_ms_per_1000: str | None
    rss_mb: str | None
    commits: int | None
    slow_commits: int | None


class RowReport(msgspec.Struct, frozen=True):
    """One row; `unknown` is the reason for missing figures. `ratio` is relative to its control, None for a control itself."""

    name: str
    title: str
    station: str
    connections: int
    control: str
    unknown: str | None
    figures: Figures | None = None
    ratio: Spread | None = None
    cpu_ratio: Spread | None = None


class Books(msgspec.Struct, frozen=True):
    """Settles that a station acknowledged in the measurements, and the number in its own books; None if it does not report it."""

    station: str
    acknowledged: int
    settled: int | None

    @property
    def agree(self) -> bool | None:
        """Whether the books contain everything that was acknowledged. Requests cut off at the end may also have settled."""
        return None if self.settled is None else self.settled >= self.acknowledged


class BenchReport(msgspec.Struct, frozen=True):
    """One run. `version` is the version of this document's format."""

    version: str
    at: str
    build: str | None
    seed: int
    rounds: int
    seconds: int
    machine: Machine
    rows: tuple[RowReport, ...]
    controls: tuple[RowReport, ...]
    goals: tuple[Judged, ...]
    books: tuple[Books, ...]
    pairs: tuple[Pair, ...]

    @property
    def missed(self) -> bool:
        """Whether a goal was missed, or acknowledged work is not in the books."""
        return any(goal.verdict == "missed" for goal in self.goals) or any(book.agree is False for book in self.books)

    @property
    def open(self) -> bool:
        """Whether a goal could not be judged."""
        return any(goal.verdict == "unknown" for goal in self.goals)


def exit_code(report: BenchReport) -> ExitCode:
    """The exit code of `--check`."""
    if report.missed:
        return ExitCode.RED
    return ExitCode.UNKNOWN if report.open else ExitCode.GREEN


class Facts(msgspec.Struct, frozen=True):
    """The description of a run."""

    at: str
    build: str | None
    seed: int
    rounds: int
    seconds: int
    machine: Machine


def make_report(facts: Facts, rows: Sequence[Row], pairs: Pairs, troubles: dict[str, str], books: Sequence[Books]) -> BenchReport:
    """The document of a run."""
    judged = judge(pairs, troubles, asked(rows))
    if not facts.machine.durable:
        why = f"the databases were on {facts.machine.file_system}: nothing was durable"
        judged = tuple(msgspec.structs.replace(goal, verdict="unknown", detail=why) for goal in judged)
    return BenchReport(
        version="1",
        at=facts.at,
        build=facts.build,
        seed=facts.seed,
        rounds=facts.rounds,
        seconds=facts.seconds,
        machine=facts.machine,
        rows=tuple(_row(row, pairs.get(row.name, []), troubles.get(row.name)) for row in rows),
        controls=tuple(_controls(rows, pairs)),
        goals=judged,
        books=tuple(books),
        pairs=tuple(pair for row in rows for pair in pairs.get(row.name, [])),
    )


def asked(rows: Sequence[Row]) -> tuple[Goal, ...]:
    """The goals of a run: those of its rows; for the whole table all goals, growth included."""
    names = {row.name for row in rows}
    whole = {row.name for row in ROWS} <= names
    return tuple(goal for goal in GOALS if whole or names.issuperset(goal.rows))


def _row(row: Row, pairs: Sequence[Pair], trouble: str | None) -> RowReport:
    if trouble or not pairs:
        return RowReport(row.name, row.title, row.station, row.connections, row.control, trouble or "not run")
    figures, ratio = _figures([pair.sample for pair in pairs]), spread([pair.ratio for pair in pairs])
    return RowReport(row.name, row.title, row.station, row.connections, row.control, None, figures, ratio, _cpu(pairs))


def _cpu(pairs: Sequence[Pair]) -> Spread | None:
    found = [ratio for pair in pairs if (ratio := pair.cpu_ratio) is not None]
    return spread(found) if len(found) == len(pairs) else None


def _controls(rows: Sequence[Row], pairs: Pairs) -> list[RowReport]:
    """The bare control's own figures, by number of connections."""
    found: dict[int, list[Sample]] = {}
    for row in rows:
        if row.control == "bare":
            found.setdefault(row.connections, []).extend(item for pair in pairs[row.name] for item in (pair.before, pair.after))
    title = "bare Litestar, JSON echo"
    return [
        RowReport(f"bare-{connections}", title, "bare", connections, "bare", None, _figures(samples))
        for connections, samples in sorted(found.items())
        if samples
    ]


def _figures(samples: Sequence[Sample]) -> Figures:
    received = [sample.received for sample in samples]
    cpu = [each * 1000 for item in samples if (each := item.cpu_each) is not None]
    rss = [Fraction(item.rss_kb, 1024) for item in samples if item.rss_kb is not None]
    commits = [item.commits for item in samples if item.commits is not None]
    counted = len(commits) == len(samples)
    return Figures(
        rate=decimal(median(item.rate for item in samples), 0),
        p50_ms=decimal(median(Fraction(item.p50_us, 1000) for item in received), 2),
        p99_ms=decimal(median(Fraction(item.p99_us, 1000) for item in received), 2),
        p999_ms=decimal(median(Fraction(item.p999_us, 1000) for item in received), 2),
        cpu_ms_per_1000=decimal(median(cpu), 0) if cpu else None,
        rss_mb=decimal(max(rss), 0) if rss else None,
        commits=sum(item.count for item in commits) if counted else None,
        slow_commits=sum(item.slow for item in commits) if counted else None,
    )
