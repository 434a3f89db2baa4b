"""The witness of a finding on the page: each attempt as a bar on one time axis, and the lines of the books below. Pure."""

from markupsafe import Markup

from scorecards.page_schema import AttemptRow, WitnessView
from scorecards.schema import Attempt, Witness
from scorecards.words import counted

_WIDTH, _LEAST = 240, 3
_STYLES = {"ok": "pass", "fail": "fail", "info": "unknown", "open": "unknown"}
_WORDS = {"ok": "acknowledged", "fail": "refused", "info": "outcome unknown", "open": "never answered"}


def witness_view(witness: Witness) -> WitnessView:
    """The witness as rows; one microsecond axis for all attempts, as long as the last of them."""
    last = max((one.at_us + (one.took_us or 0) for one in witness.attempts), default=0)
    lead = f"Shortest witness: {witness.payment}, {counted(len(witness.attempts), 'attempt')}" if witness.attempts else ""
    return WitnessView(
        title=lead or f"Shortest witness: {witness.payment}",
        attempts=tuple(_row(one, max(last, 1)) for one in witness.attempts),
        books=witness.books,
    )


def _row(one: Attempt, last: int) -> AttemptRow:
    style = _STYLES[one.outcome]
    begin = one.at_us * _WIDTH // last
    width = _WIDTH - begin if one.took_us is None else one.took_us * _WIDTH // last
    bar = Markup(
        '<svg class="attempt" viewBox="0 0 {0} 10" width="{0}" height="10" aria-hidden="true">'
        '<rect class="track" x="0" y="4" width="{0}" height="2"/><rect class="{1}" x="{2}" y="0" width="{3}" height="10" rx="2"/>'
        "</svg>"
    ).format(_WIDTH, style, min(begin, _WIDTH - _LEAST), max(width, _LEAST))
    ended = "" if one.took_us is None else f" after {_ms(one.took_us)}"
    answer = f", {one.answer}" if one.answer else ""
    return AttemptRow(bar, f"{one.operation} attempt {one.attempt} at {_ms(one.at_us)}: {_WORDS[one.outcome]}{ended}{answer}")


def _ms(microseconds: int) -> str:
    return f"{microseconds // 1000}.{microseconds % 1000 // 100} ms"
