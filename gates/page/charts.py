"""Charts as inline SVG: bullets, tallies, timelines, spans; whole numbers only, so that the bytes never differ. Pure."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec
from markupsafe import Markup

from gates.schema.gate import Criterion
from gates.schema.outcome import Operator, Outcome
from gates.schema.verdict import CriterionVerdict

_LOWER_IS_BETTER = (Operator.LT, Operator.LTE)
_HIGHER_IS_BETTER = (Operator.GT, Operator.GTE)
BULLET_WIDTH = 160
SPAN_WIDTH, _LEAST = 240, 3

_ICON = Markup('<svg viewBox="0 0 48 48" width="48" height="48" aria-hidden="true">{}</svg>')
_ROUND = Markup('<circle cx="24" cy="24" r="21"/>')
# The sign next to the decision, by the banner's style: a tick, a triangle, an octagon with a cross, a question mark.
ICONS: dict[str, Markup] = {
    "pass": _ICON.format(_ROUND + Markup('<path d="M14 25l7 7 13-15"/>')),
    "warn": _ICON.format(Markup('<path d="M24 5l20 36H4z"/><path d="M24 18v11M24 34v2"/>')),
    "fail": _ICON.format(
        Markup('<path d="M15.500 4h17L44 15.500v17L32.500 44h-17L4 32.500v-17z"/><path d="M17 17l14 14M31 17L17 31"/>')
    ),
    "unknown": _ICON.format(_ROUND + Markup('<path d="M18 19a6 6 0 1 1 8.500 5.500C24.500 25.500 24 26.500 24 29M24 34v2"/>')),
}


class TimelineEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One moment of a drill; `at_ms` counts from the drill's first event."""

    at_ms: int
    phase: str
    label: str
    status: str


class Bullet(msgspec.Struct, frozen=True):
    """A measured value against its limit, both as pixels on one scale; `words` is the same as text."""

    value: int
    limit: int
    words: str


def bullet(item: CriterionVerdict) -> Markup:
    """The value of a criterion against its limit."""
    return limit_bar(item.criterion, item.value, item.outcome)


def share_of_limit(item: CriterionVerdict) -> str:
    """What the bar of `bullet` shows, as text: `78 % of the limit`, `0 % of the error budget used`; "" where there is no bar."""
    scaled = _scale(item.criterion, item.value)
    return "" if scaled is None else scaled.words


def limit_bar(criterion: Criterion, measured: str | None, outcome: Outcome) -> Markup:
    """A bar up to the value and a tick at the limit; empty where there is no length to show (a limit of zero, no value).

    A ratio that should be high is drawn as the share of its error budget that is used up: 99.95 of 100 looks like nothing.
    Another lower limit is drawn as it is: a bar that passes reaches the tick.
    """
    scaled = _scale(criterion, measured)
    if scaled is None:
        return Markup("")
    return Markup(
        '<svg class="bullet {outcome}" viewBox="0 0 160 12" width="160" height="12" role="img" aria-label="{words}">'
        '<rect class="track" x="0" y="3" width="160" height="6" rx="3"/>'
        '<rect class="bar" x="0" y="3" width="{value}" height="6" rx="3"/>'
        '<rect class="tick" x="{limit}" y="0" width="2" height="12"/></svg>'
    ).format(outcome=outcome.value, words=scaled.words, value=scaled.value, limit=scaled.limit)


def _scale(criterion: Criterion, measured: str | None) -> Bullet | None:
    if measured is None:
        return None
    value, limit = Decimal(measured), Decimal(criterion.threshold)
    words = "of the limit"
    if criterion.operator in _HIGHER_IS_BETTER and criterion.unit == "ratio":
        value, limit, words = 1 - value, 1 - limit, "of the error budget used"
    elif criterion.operator in _HIGHER_IS_BETTER:
        words = "of the required minimum"
    elif criterion.operator not in _LOWER_IS_BETTER:
        return None
    if limit <= 0 or value < 0:
        return None
    full = max(value, limit * Decimal("1.25"))
    share = (value * 100 / limit).quantize(Decimal(1), ROUND_HALF_EVEN)
    at_least_visible = max(_pixels(value, full), 2)
    return Bullet(at_least_visible, min(_pixels(limit, full), BULLET_WIDTH - 2), f"{share} % {words}")


def _pixels(part: Decimal, full: Decimal) -> int:
    return int((part * BULLET_WIDTH / full).quantize(Decimal(1), ROUND_HALF_EVEN))


def tally(parts: Iterable[tuple[str, int]]) -> Markup:
    """Things counted by style (`pass`, `warn`, `fail`, `unknown`) as equal cells, in the order given."""
    cells = [name for name, number in parts for _ in range(number)]
    width = len(cells) * 22
    drawn = Markup("").join(
        Markup('<rect class="{}" x="{}" y="0" width="18" height="10" rx="2"/>').format(name, 22 * place)
        for place, name in enumerate(cells)
    )
    return Markup('<svg class="tally" viewBox="0 0 {0} 10" width="{0}" height="10" aria-hidden="true">{1}</svg>').format(
        width, drawn
    )


def timeline(events: Sequence[TimelineEvent]) -> Markup:
    """The drill as one bar, each step as long as it took and in the colour of its phase; a list below has the same as text."""
    last = max(events[-1].at_ms, 1)
    begins = [0, *(event.at_ms for event in events[:-1])]
    parts = Markup("").join(
        Markup('<rect class="{}" x="{}" y="0" width="{}" height="18"><title>{}</title></rect>').format(
            phase_class(event), begin * 500 // last, max((event.at_ms - begin) * 500 // last - 1, 1), event.label
        )
        for event, begin in zip(events, begins, strict=True)
    )
    return Markup(
        '<svg class="timeline" viewBox="0 0 500 18" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" x="0" y="0" width="500" height="18"/>{}</svg>'
    ).format(parts)


def phase_class(event: TimelineEvent) -> str:
    """The style of a moment: what went wrong before the phase that it went wrong in."""
    return "bad" if event.status in ("failed", "timeout") else event.phase


def span(style: str, begin: int, length: int | None, whole: int) -> Markup:
    """One attempt as a bar on an axis of `whole` units that begins at 0; without a `length` it goes on to the end."""
    at = begin * SPAN_WIDTH // whole
    width = SPAN_WIDTH - at if length is None else length * SPAN_WIDTH // whole
    return Markup(
        '<svg class="attempt" viewBox="0 0 {0} 10" width="{0}" height="10" aria-hidden="true">'
        '<rect class="track" x="0" y="4" width="{0}" height="2"/><rect class="{1}" x="{2}" y="0" width="{3}" height="10" rx="2"/>'
        "</svg>"
    ).format(SPAN_WIDTH, style, min(at, SPAN_WIDTH - _LEAST), max(width, _LEAST))
