"""Lanes on one time axis as inline SVG: spans, marks, columns. Places are percents, so a phone and paper show the same. Pure."""

from collections.abc import Iterable, Sequence
from itertools import chain

import msgspec
from markupsafe import Markup

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_MOST_TICKS = 6
_HEIGHT = 36
_SVG = Markup('<svg class="lane {}" width="100%" height="{}" role="img" aria-label="{}">{}</svg>')


class Span(msgspec.Struct, frozen=True):
    """A bar from one moment to another, in units of the axis; `style` is one of the style sheet's `.lane` classes."""

    style: str
    begin: int
    end: int
    words: str


class Mark(msgspec.Struct, frozen=True):
    """One moment as an upright line."""

    style: str
    at: int
    words: str


class Slot(msgspec.Struct, frozen=True):
    """What was counted in one stretch of the axis: answers that were as wanted, refusals, and no usable answer."""

    good: int
    refused: int
    bad: int


def lane(spans: Iterable[Span], marks: Iterable[Mark], whole: int, words: str) -> Markup:
    """Bars, and marks over them, on an axis of `whole` units that begins at 0; `words` is the same as text."""
    bars = (
        Markup('<rect class="{}" x="{}" y="5" width="{}" height="12"><title>{}</title></rect>').format(
            one.style, _percent(one.begin, whole), _percent(max(one.end - one.begin, whole // 300 + 1), whole), one.words
        )
        for one in spans
    )
    lines = (
        Markup('<rect class="mark {}" x="{}" y="0" width="3" height="22"><title>{}</title></rect>').format(
            one.style, _percent(one.at, whole), one.words
        )
        for one in marks
    )
    track = Markup('<rect class="track" x="0" y="5" width="100%" height="12"/>')
    return _SVG.format("bars", 22, words, track + Markup("").join(chain(bars, lines)))


def columns(slots: Sequence[Slot], words: str) -> Markup:
    """One column a slot, all on the scale of the highest: good below, what was refused and what got no answer above it."""
    highest = max((one.good + one.refused + one.bad for one in slots), default=0) or 1
    drawn = Markup("").join(
        _column(style, number, len(slots), below, height)
        for number, one in enumerate(slots)
        for style, below, height in _stack(one, highest)
        if height
    )
    floor = Markup('<rect class="track" x="0" y="{}" width="100%" height="1"/>').format(_HEIGHT - 1)
    return _SVG.format("columns", _HEIGHT, words, floor + drawn)


def _stack(one: Slot, highest: int) -> Iterable[tuple[str, int, int]]:
    """The parts of a column from below: style, where it begins and how high it is; what is there is seen."""
    below = 0
    for style, number in (("pass", one.good), ("warn", one.refused), ("fail", one.bad)):
        height = max(number * (_HEIGHT - 6) // highest, 2 * bool(number))
        yield style, below, height
        below += height


def _column(style: str, number: int, slots: int, below: int, height: int) -> Markup:
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
        style, _percent(number, slots), max(_HEIGHT - 1 - below - height, 0), _percent(9, 10 * slots), height
    )


def axis(whole_ms: int) -> Markup:
    """The seconds below the lanes, at round numbers."""
    step_s = next((one for one in _STEPS_S if whole_ms <= one * 1000 * _MOST_TICKS), max(whole_ms // 1000 // _MOST_TICKS, 1))
    drawn = Markup("").join(
        Markup('<rect class="tick" x="{0}" y="0" width="1" height="5"/><text x="{0}" y="18" text-anchor="{1}">{2}</text>').format(
            _percent(second * 1000, whole_ms), _anchor(second * 1000, whole_ms), f"{second} s"
        )
        for second in range(0, whole_ms // 1000 + 1, step_s)
    )
    return Markup('<svg class="lane axis" width="100%" height="22" aria-hidden="true">{}</svg>').format(drawn)


def _anchor(at: int, whole: int) -> str:
    if at == 0:
        return "start"
    return "end" if at * 100 > whole * 95 else "middle"


def _percent(part: int, whole: int) -> str:
    thousandths = min(max(part, 0), whole) * 100_000 // max(whole, 1)
    return f"{thousandths // 1000}.{thousandths % 1000:03d}%"
