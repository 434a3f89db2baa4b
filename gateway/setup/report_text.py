"""The report of a setup as text for a terminal."""

from collections.abc import Iterator

from gateway.setup.report import SetupReport

_HEADS = {
    "completed": "completed: a payment was made and its receipt verifies",
    "trust_only": "trust only: everything but money works; the signed denial verifies, and no payment was made",
    "paused": "paused: the setup goes on with the command below",
    "blocked": "blocked: the setup cannot go on before this is fixed",
}


def as_text(report: SetupReport) -> str:
    """A few lines on what was set up, one a step, and the next step where the setup is not completed."""
    return "\n".join(_lines(report))


def _lines(report: SetupReport) -> Iterator[str]:
    yield _HEADS[report.outcome]
    yield f"  run        {report.run} ({report.mode}, {counted(report.decisions, 'decision')})"
    if report.cohort != "none":
        yield f"  cohort     {report.cohort}"
    for name, value in (
        ("tenant", report.tenant_id),
        ("wallet", report.wallet),
        ("hosts", ", ".join(host.host for host in report.hosts)),
        ("payment", report.payment_id),
        ("receipt", report.receipt_id),
        ("verified", ", ".join(f"{level.level} {level.mark}" for level in report.levels)),
    ):
        if value:
            yield f"  {name:<10} {value}"
    if report.ttfvr_ms is not None:
        yield f"  {'time':<10} {_seconds(report.ttfvr_ms)} to the first verified receipt"
    yield "  step       status    tries   seconds   waiting"
    for step in report.steps:
        failure = f"   {step.code}" if step.code and step.status != "done" else ""
        times = f"{_seconds(step.duration_ms):>9} {_seconds(step.waiting_ms):>9}"
        yield f"  {step.id:<10} {step.status:<9} {step.attempts:>5} {times}{failure}"
    if report.failure is not None:
        yield f"{report.failure.code}: {report.failure.title} (to be fixed by: {report.failure.who})"
        yield f"  next: {report.failure.text}"
        yield f"        {report.failure.command}"
        yield f"  runbook: {report.failure.runbook}"
        yield f"  for a ticket: {report.failure.ticket}"


def counted(count: int, noun: str) -> str:
    """The count with its noun, in the plural unless it is one."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _seconds(ms: int) -> str:
    return f"{ms // 1000}.{ms % 1000 // 100} s"
