"""The report of a setup as text for a terminal."""

from collections.abc import Iterator

from gateway.setup.report import Failure, SetupReport

_HEADS = {
    "completed": "completed: a payment was made, and its receipt verifies",
    "trust_only": "trust only: everything except a payment works; a payment was refused as it should be, and no money moved",
    "paused": "paused: nothing is lost, and nothing is done twice; `next` says how to go on",
    "blocked": "blocked: the setup cannot go on until this is fixed",
}
_WHO = {"user": "you", "operator": "the gateway's operator"}


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
        *receipt_facts(report),
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
        yield f"{report.failure.code}: {cause(report.failure)}"
        yield f"  next: {report.failure.text}"
        yield f"        {report.failure.command}"
        if report.failure.then is not None:
            yield f"        then: {report.failure.then}"
        yield f"  runbook: {report.failure.runbook}"
        yield f"  for a ticket: {report.failure.ticket}"


def cause(failure: Failure) -> str:
    """What is wrong, how many codes may still be tried, how long to wait, and who can fix it."""
    left = "" if failure.tries_left is None else f"; tries left: {failure.tries_left}"
    wait = "" if failure.retry_after_s is None else f"; wait {failure.retry_after_s} s"
    return f"{failure.title}{left}{wait} (who can fix it: {_WHO[failure.who]})"


def receipt_facts(report: SetupReport) -> tuple[tuple[str, str | None], tuple[str, str | None]]:
    """The call and its receipt by what they are: one that was refused is no payment, whatever its id is called."""
    if report.outcome == "trust_only":
        return ("refused", report.payment_id), ("denial", report.receipt_id)
    return ("payment" if report.outcome == "completed" else "call", report.payment_id), ("receipt", report.receipt_id)


def counted(count: int, noun: str) -> str:
    """The count with its noun, in the plural unless it is one."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _seconds(ms: int) -> str:
    return f"{ms // 1000}.{ms % 1000 // 100} s"
