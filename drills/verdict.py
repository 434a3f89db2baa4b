"""How did a drill end, in one word and one sentence? For its page and for the table of all drills. Pure."""

from collections.abc import Iterator

import msgspec

from drills.journal import End, RolledBack
from drills.report import Report
from gates.evidence.statement import Measure
from gates.page.words import counted
from gates.schema.outcome import UnknownReason


class Verdict(msgspec.Struct, frozen=True):
    """The word, the style of the page (`pass`, `warn`, `fail`, `unknown`), and the sentence behind it."""

    word: str
    style: str
    sentence: str


def verdict(report: Report) -> Verdict:
    """The verdict on a whole drill; what was not observed or not measured is unknown, never a pass."""
    return next(_verdicts(report))


def _verdicts(report: Report) -> Iterator[Verdict]:
    """Everything that can be said of it, the worst first."""
    ending, detail = report.ending, report.detail
    if ending is None:
        yield from _without_end(report)
        return
    if ending.rolled_back is RolledBack.FAILED:
        yield Verdict("ROLLBACK FAILED", "fail", _sentence("The fault may still be there", detail))
    if ending.end is End.INTERRUPTED:
        yield Verdict("INTERRUPTED", "unknown", _sentence("Ended from outside before it was over", detail))
    if ending.end is End.ABORTED:
        yield Verdict("ABORTED", "warn", _sentence("A guard ended the drill", detail))
    if ending.deviated:
        yield Verdict("FAILED", "fail", _sentence(f"The service did not behave as expected: {_first(report.deviations)}"))
    if ending.end is End.FAILED:
        yield Verdict("UNKNOWN", "unknown", _sentence("The drill could not be completed", detail))
    if open_names := unmeasured(report.measures):
        names = ", ".join(name.replace("_", " ") for name in open_names)
        yield Verdict("UNKNOWN", "unknown", f"The drill was completed, but not everything was measured: {names}.")
    yield Verdict("PASSED", "pass", _passed(report))


def _without_end(report: Report) -> Iterator[Verdict]:
    if report.status == "dry_run":
        yield Verdict("DRY RUN", "unknown", "No step was run; nothing is known about the service.")
    yield Verdict("KILLED", "unknown", "The drill was killed, and its fault may still be there.")


def unmeasured(measures: dict[str, Measure]) -> list[str]:
    """The measures without a value; a person's part that the drill played itself is not measured, and says so."""
    return [name for name, one in measures.items() if one.value is None and one.unknown is not UnknownReason.DRY_RUN]


def _passed(report: Report) -> str:
    measure = report.measures.get("faults") or report.measures.get("kills") or report.measures.get("power_losses")
    faults = "The fault was" if measure is None or measure.value in (None, "1") else f"The {measure.value} faults were"
    lost = (
        f" The restore lost {counted(len(report.lost), 'acknowledged operation')}, as its objective allows."
        if report.lost
        else ""
    )
    return f"{faults} seen and taken back, the steady state held again, and the audit found nothing wrong.{lost}"


def _first(texts: tuple[str, ...]) -> str:
    more = f" (and {len(texts) - 1} more)" if len(texts) > 1 else ""
    return f"{texts[0]}{more}" if texts else "see the timeline"


def _sentence(text: str, detail: str = "") -> str:
    whole = f"{text}: {detail}" if detail else text
    return whole if whole.endswith((".", ")", "?")) else f"{whole}."
