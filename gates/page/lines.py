"""A chart of lines over time as inline SVG: whole numbers only, so that the bytes never differ. Pure."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_EVEN, Decimal

from markupsafe import Markup

WIDTH, HEIGHT = 480, 120
STYLES = 8
"""So many lines have a style of their own: `line-0` to `line-7`."""

Values = Sequence[Decimal | None]
"""The values of one line, evenly spaced in time; None where there is none, which is a gap in the line."""


def line_chart(lines: Sequence[Values], limits: Sequence[Decimal], words: str) -> Markup:
    """Lines on one scale from the smallest value, 0 at most, to the largest; a limit is a dashed line if it is within the scale.

    `words` says the same for who cannot see it.
    """
    low, high = scale(lines)
    drawn = [limit for limit in limits if low <= limit <= high]
    whole = high - low or Decimal(1)
    parts = [
        Markup('<line class="limit" x1="0" x2="{}" y1="{}" y2="{}"/>').format(WIDTH, at, at)
        for at in (_y(limit, low, whole) for limit in drawn)
    ]
    parts += [
        Markup('<polyline class="line-{}" points="{}"/>').format(number % STYLES, points)
        for number, values in enumerate(lines)
        for points in _runs(values, low, whole)
    ]
    return Markup(
        '<svg class="lines" viewBox="0 0 {0} {1}" preserveAspectRatio="none" role="img" aria-label="{2}">'
        '<rect class="track" x="0" y="0" width="{0}" height="{1}"/>{3}</svg>'
    ).format(WIDTH, HEIGHT, words, Markup("").join(parts))


def scale(lines: Sequence[Values]) -> tuple[Decimal, Decimal]:
    """The values at the lower and at the upper edge of the chart of these lines."""
    there = [value for values in lines for value in values if value is not None]
    return min([*there, Decimal(0)]), max([*there, Decimal(0)])


def _runs(values: Values, low: Decimal, whole: Decimal) -> Iterator[str]:
    """The points of each stretch without a gap; a single value is a short stroke within the chart, so that it is seen."""
    last = max(len(values) - 1, 1)
    run: list[tuple[int, int]] = []
    for number, value in enumerate([*values, None]):
        if value is not None:
            run.append((number * WIDTH // last, _y(value, low, whole)))
        elif run:
            run = [(max(run[0][0] - 2, 0), run[0][1]), (min(run[0][0] + 2, WIDTH), run[0][1])] if len(run) == 1 else run
            yield " ".join(f"{x},{y}" for x, y in run)
            run = []


def _y(value: Decimal, low: Decimal, whole: Decimal) -> int:
    return HEIGHT - int(((value - low) * HEIGHT / whole).quantize(Decimal(1), ROUND_HALF_EVEN))
