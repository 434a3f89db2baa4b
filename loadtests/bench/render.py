"""A run's document for people: aligned text for a terminal, Markdown for a page."""

from collections.abc import Iterator, Sequence

from loadtests.bench.report import BenchReport, Books, Figures, RowReport
from loadtests.bench.samples import Spread

_HEAD = (
    "row", "conn.", "req/s", "x control", "p50 ms", "p99 ms", "p99.9 ms", "CPU ms/1000", "x control", "RSS MB", "commits > 15 ms",
)  # fmt: skip
_GOAL_HEAD = ("aim", "target", "stretch", "measured", "verdict", "remark")
_FAIRNESS = (
    (
        "The gateway authenticates, decides by policy and signs receipts; the peers do none of that. All are durable: SQLite "
        "with synchronous=FULL, PostgreSQL with fsync and synchronous_commit. No service writes an access log."
    ),
    (
        "Every settle pays 1 of a hold of 2, so that three accounts move. The gateway has one wallet and pays one payee; the "
        "peers' payments are spread over 16 of each, so that their transactions do not wait for one row."
    ),
)
Line = Sequence[str]


def text(report: BenchReport) -> str:
    """The tables, columns aligned."""
    parts = [_aligned(_HEAD, list(_rows(report))), _aligned(_GOAL_HEAD, list(_goals(report)))]
    return "\n".join((*parts, *_notes(report), ""))


def markdown(report: BenchReport) -> str:
    """The same as a Markdown page."""
    parts = ["# Speed comparison", "", *_notes(report, bullet="- "), ""]
    parts += ["## Aims", "", *_piped(_GOAL_HEAD, _goals(report)), "", "## Rows", "", *_piped(_HEAD, _rows(report)), ""]
    return "\n".join(parts)


def _rows(report: BenchReport) -> Iterator[Line]:
    for row in (*report.controls, *report.rows):
        name, figures = f"{_owner(row)}{row.title}", row.figures
        if figures is None:
            yield (name, str(row.connections), row.unknown or "not run", *("" for _ in _HEAD[3:]))
            continue
        latency = (figures.p50_ms, figures.p99_ms, figures.p999_ms)
        yield (name, str(row.connections), figures.rate, _spread(row.ratio), *latency, *_costs(figures, row.cpu_ratio))


def _owner(row: RowReport) -> str:
    return "gateway: " if row.station == "gateway" or row.station.startswith("stored-") else ""


def _spread(ratio: Spread | None) -> str:
    return f"{ratio.median} ({ratio.least}..{ratio.most})" if ratio else ""


def _costs(figures: Figures, cpu: Spread | None) -> tuple[str, str, str, str]:
    slow = "not measured"
    if figures.commits is not None:
        slow = f"{figures.slow_commits} of {figures.commits}" if figures.commits else "none"
    return figures.cpu_ms_per_1000 or "not measured", cpu.median if cpu else "", figures.rss_mb or "not measured", slow


def _goals(report: BenchReport) -> Iterator[Line]:
    for goal in report.goals:
        yield goal.title, goal.target, goal.stretch, goal.value or "", goal.verdict, goal.detail


def _notes(report: BenchReport, bullet: str = "") -> Iterator[str]:
    machine = report.machine
    packages = ", ".join(f"{name} {number}" for name, number in machine.packages.items())
    run = (
        f"{report.at}, build {(report.build or 'unknown')[:12]}, seed {report.seed}: medians of {report.rounds} "
        f"rounds of {report.seconds} s in random order, each between two measurements of its control. "
        "Single pairs vary by a fifth: read ratios, not rates."
    )
    where = (
        f"Machine: {machine.cpu}, {machine.cores} cores, {machine.memory_mb} MB, {machine.system}, {machine.file_system}; "
        f"a durable 4 KiB append takes {machine.sync_ms['p50']} ms (p99 {machine.sync_ms['p99']} ms)."
    )
    programs = f"Python {machine.python}, SQLite {machine.sqlite}, {machine.postgres or 'no PostgreSQL'}, {packages}."
    lines = (run, where, programs, _cores_note(report), *_FAIRNESS, *map(_book_note, report.books))
    return (bullet + line for line in lines)


def _cores_note(report: BenchReport) -> str:
    generator = report.machine.generator
    if not report.machine.pinned:
        return f"Load from {generator}. One core for all processes: every figure includes the load generator's own cost."
    return (
        f"Load from {generator}, one thread pinned to one core; services and PostgreSQL's processes may use all "
        "others, and with two cores both."
    )


def _book_note(book: Books) -> str:
    if book.settled is None:
        return f"{book.station}: {book.acknowledged} settles acknowledged; its books were not read."
    verdict = "complete" if book.agree else "INCOMPLETE"
    return f"{book.station}: {book.acknowledged} settles acknowledged, {book.settled} in its books: {verdict}."


def _aligned(head: Line, lines: Sequence[Line]) -> str:
    table = [head, *lines]
    widths = [max(len(line[column]) for line in table if _fits(line)) for column in range(len(head))]
    shown = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table)
    return "\n".join((*shown, ""))


def _fits(line: Line) -> bool:
    """A line without figures has the reason in their place, and must not widen the column."""
    return len(line) < 4 or any(line[3:])


def _piped(head: Line, lines: Iterator[Line]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for line in lines:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"
