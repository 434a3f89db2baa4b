"""The times of a setup as inline SVG: a bar a step with the waits in it, and a bar for whom was waited for. Pure."""

from collections.abc import Sequence

import msgspec
from markupsafe import Markup

from gateway.setup.lines import WAITS, Line
from gateway.setup.report import StepReport, waits

_WIDTH, _LEAST = 480, 2


class Part(msgspec.Struct, frozen=True):
    """A part of a bar: its style, and its milliseconds."""

    style: str
    ms: int


def step_bar(step: StepReport, lines: Sequence[Line], longest_ms: int) -> Markup:
    """A step's bar: what it waited for, in the order of the key, then its own time; empty for a step that was not taken."""
    if step.status == "skipped":
        return Markup("")
    waited = [Part(whom, sum(ms for name, who, ms in waits(lines) if name == step.id and who == whom)) for whom in WAITS]
    own = Part("own", max(step.duration_ms - sum(part.ms for part in waited), 0))
    return bar((*waited, own), longest_ms)


def wait_bars(lines: Sequence[Line]) -> tuple[tuple[str, str, Markup], ...]:
    """For each of user, mail, rail, host and gateway: how long the setup waited for it, in words and as a bar."""
    totals = {whom: sum(ms for _, who, ms in waits(lines) if who == whom) for whom in WAITS}
    longest = max(totals.values())
    return tuple((whom, words(ms), bar((Part(whom, ms),), longest)) for whom, ms in totals.items())


def bar(parts: Sequence[Part], whole_ms: int) -> Markup:
    """Parts one after the other on an axis of `whole_ms`; what took any time is seen. The words next to it say the same."""
    drawn, at = Markup(""), 0
    for part in parts:
        width = max(part.ms * _WIDTH // whole_ms, _LEAST) if part.ms and whole_ms else 0
        width = min(width, _WIDTH - at)
        if width > 0:
            drawn += Markup('<rect class="{}" x="{}" y="0" width="{}" height="14"><title>{}: {}</title></rect>').format(
                part.style, at, width, part.style, words(part.ms)
            )
        at += width
    return Markup(
        '<svg viewBox="0 0 {0} 14" width="100%" height="14" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" x="0" y="0" width="{0}" height="14"/>{1}</svg>'
    ).format(_WIDTH, drawn)


def words(ms: int) -> str:
    """`1.250 s`."""
    return f"{ms // 1000}.{ms % 1000:03d} s"
