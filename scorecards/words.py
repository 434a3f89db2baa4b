"""How numbers, times and outcomes are written as text; the same in every locale and time zone. Pure."""

import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal

from gates.page.words import day, quantity
from gates.rule import limit, with_unit
from gates.schema.outcome import UnknownReason
from gates.schema.runbook import is_address, is_link
from gates.schema.source import EvidenceSource
from gates.schema.time import largest
from gates.schema.verdict import CriterionVerdict


def href(runbook: str) -> str:
    """Where a link to a runbook leads: nowhere else than a gate may name; "" where there is none.

    Markdown lies next to the page as HTML (`scorecards.runbooks`).
    """
    if runbook and not is_link(runbook):
        return "#"
    path, mark, section = runbook.partition("#")
    as_page = path.removesuffix(".md") + ".html" if path.endswith(".md") and not is_address(path) else path
    return f"{as_page}{mark}{section}"


def date(text: str) -> str:
    """`2026-11-27` as `Fri 27 Nov 2026`."""
    return day(dt.date.fromisoformat(text))


def age(seconds: int | None) -> str:
    """How old something is; evidence may be newer than the moment of the judgement."""
    if seconds is None:
        return "undated"
    return f"{largest(seconds)} old" if seconds >= 0 else f"{largest(-seconds)} after judging"


def measured(item: CriterionVerdict) -> str:
    """The measured value, or the reason why there is none."""
    if item.value is not None:
        criterion = item.criterion
        return quantity(_rounded(item.value, criterion.threshold, criterion.unit), criterion.unit)
    if item.unknown is UnknownReason.ADAPTER_ERROR and isinstance(item.criterion.source, EvidenceSource):
        return "measurement failed"  # no adapter had a part in it
    return item.unknown.value.replace("_", " ") if item.unknown else "nothing"


def detail_beside(item: CriterionVerdict) -> str:
    """The reason of a verdict where value and threshold are shown next to it: without those two."""
    criterion = item.criterion
    if item.value is None:
        return item.detail
    shown = f"{with_unit(item.value, criterion.unit)}, threshold {limit(criterion, criterion.threshold)}"
    before, _, after = item.detail.partition(shown)
    return "; ".join(filter(None, (before.rstrip("; "), after.lstrip(",:; "))))


def _rounded(value: str, threshold: str, unit: str) -> str:
    """Three places are enough to read, unless they would make a value look like the threshold that it is not."""
    places = Decimal("0.00001") if unit == "ratio" else Decimal("0.001")
    rounded = Decimal(value).quantize(places, ROUND_HALF_EVEN)
    return value if rounded == Decimal(threshold) or rounded == 0 else f"{rounded:f}"


def kind(predicate_type: str) -> str:
    """`urn:gonogo:evidence:load-run:v1` as `load run`, a register's as `security register`; a foreign type as it is."""
    parts = predicate_type.split(":")
    if predicate_type.startswith("urn:gonogo:register:") and len(parts) > 3:
        return f"{parts[3]} register"
    return parts[3].replace("-", " ") if predicate_type.startswith("urn:gonogo:evidence:") and len(parts) > 3 else predicate_type
