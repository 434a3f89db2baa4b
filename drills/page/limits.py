"""One measure of a drill's page: its value, its mark, and its limits in words. Pure."""

from collections.abc import Sequence

from markupsafe import Markup

from drills.limits import Limit, judged, worst_of
from drills.page.model import MeasureRow
from gates.evidence.statement import Measure
from gates.page.charts import limit_bar
from gates.page.words import LABELS, SYMBOLS, counted, quantity, threshold


def measure_row(name: str, measure: Measure, limits: Sequence[Limit]) -> MeasureRow:
    """One measure; the worst of its limits is its mark, and one without a limit has none."""
    outcome = worst_of(measure, limits)
    style = "" if outcome is None else outcome.value
    words = "unknown" if measure.unknown is None else f"unknown: {measure.unknown.value.replace('_', ' ')}"
    charts = [limit_bar(one.criterion, measure.value, judged(measure, one.criterion)) for one in limits]
    return MeasureRow(
        style=style,
        sign=SYMBOLS.get(style, ""),
        label=LABELS.get(style, "no limit"),
        name=name,
        detail=measure.detail,
        value=words if measure.value is None else quantity(measure.value, measure.unit),
        chart=next((chart for chart in charts if chart), Markup("")),
        samples=f"{measure.samples:,}" if measure.samples else "none",
        limits=tuple(dict.fromkeys(map(_words, limits))),
    )


def _words(limit: Limit) -> str:
    samples = limit.criterion.min_samples
    needed = f", at least {counted(samples, 'sample')}" if samples > 1 else ""
    return f"{threshold(limit.criterion)} ({limit.by}{needed})"
