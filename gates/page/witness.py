"""The witness of a finding on a page: each attempt as a bar on one time axis, and the lines of the books below. Pure."""

import msgspec
from markupsafe import Markup

from gates.page.charts import span
from gates.page.words import counted
from gates.schema.witness import Attempt, Witness

_STYLES = {"ok": "pass", "fail": "fail", "info": "unknown", "open": "unknown"}
_WORDS = {"ok": "acknowledged", "fail": "refused", "info": "outcome unknown", "open": "never answered"}


class AttemptRow(msgspec.Struct, frozen=True):
    """One attempt of a witness: its bar on the time axis, and the same as text."""

    bar: Markup
    text: str


class WitnessView(msgspec.Struct, frozen=True):
    """The witness of a finding: attempts on one time axis, and the lines of the books."""

    title: str
    attempts: tuple[AttemptRow, ...]
    books: tuple[str, ...]


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
    bar = span(_STYLES[one.outcome], one.at_us, one.took_us, last)
    ended = "" if one.took_us is None else f" after {_ms(one.took_us)}"
    answer = f", {one.answer}" if one.answer else ""
    return AttemptRow(bar, f"{one.operation} attempt {one.attempt} at {_ms(one.at_us)}: {_WORDS[one.outcome]}{ended}{answer}")


def _ms(microseconds: int) -> str:
    return f"{microseconds // 1000}.{microseconds % 1000 // 100} ms"
