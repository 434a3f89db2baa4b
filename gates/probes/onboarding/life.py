"""The onboarding as its machine's rows, read from the document that `gonogo gateway machines onboarding` exports. Pure."""

import itertools
from collections.abc import Iterator

import msgspec

from gates.probes.conduct import Finding
from gates.probes.onboarding.hosts import Known

DEAD_ENDS = "dead_ends"
DECIDE, STOP, STUMBLES = "decide", "stop", ("failure", "try")
"""The effects of a row: the user decides; the setup stops; something failed, or a try was spent."""


class Row(msgspec.Struct, frozen=True):
    """One edge; `needs` are the things that the event cannot happen without."""

    state: str | None
    event: str
    next: str
    effect: str
    needs: tuple[str, ...] = ()


class End(msgspec.Struct, frozen=True):
    """A state that is never left by itself; `next` is the command that goes on from it, "" for the end that is wanted."""

    state: str
    next: str = ""


class FailureStep(msgspec.Struct, frozen=True):
    """A code, what to do next, the command where there is one, and the page of runbooks/."""

    code: str
    next_step: str
    command: str
    runbook: str


class Life(msgspec.Struct, frozen=True):
    """The machine of a setup, and the hosts that it can set up, with what is known of each."""

    machine: str
    rows: tuple[Row, ...]
    ends: tuple[End, ...]
    failures: tuple[FailureStep, ...]
    version: str
    hosts: tuple[Known, ...] = ()

    def row(self, state: str | None, event: str) -> Row | None:
        """The edge of a pair, None where it is refused."""
        return next((one for one in self.rows if (one.state, one.event) == (state, event)), None)

    @property
    def wanted(self) -> str:
        """The one end from which nothing is left to do."""
        return next((one.state for one in self.ends if not one.next), "")

    @property
    def stands(self) -> frozenset[str]:
        """The ends."""
        return frozenset(one.state for one in self.ends)

    @property
    def codes(self) -> frozenset[str]:
        """The codes that have a next step."""
        return frozenset(one.code for one in self.failures if has_next(one))

    @property
    def pages(self) -> dict[str, str]:
        """The page of runbooks/ for each code."""
        return {one.code: one.runbook for one in self.failures}


def has_next(one: FailureStep) -> bool:
    """Whether a code's row says what to do: a text, a command and a page."""
    return all(text.strip() for text in (one.next_step, one.command, one.runbook))


def dead_rows(life: Life) -> Iterator[Finding]:
    """Every pair of state and event after which a setup gets no further, in some set of outages.

    It gets further if an end is reached without the events that stop it (quit, killed): those are always possible and no answer.
    The end must be the wanted one, or name the command that goes on from it.
    """
    outages = sorted({need for row in life.rows for need in row.needs})
    without = {frozenset(some) for count in range(len(outages) + 1) for some in itertools.combinations(outages, count)}
    open_ends = {one.state: bool(one.next) or one.state == life.wanted for one in life.ends}
    lacking: dict[tuple[str | None, str], str] = {}
    for missing in sorted(without, key=lambda some: (len(some), sorted(some))):
        kept = [row for row in life.rows if not missing & set(row.needs)]
        on = _leading_on(kept, {state for state, is_open in open_ends.items() if is_open})
        for row in kept:
            if row.next not in on:
                where = f"without {', '.join(sorted(missing))}" if missing else "with everything at hand"
                lacking.setdefault((row.state, row.event), f"{row.next} leads to none {where}")
    for (state, event), found in lacking.items():
        yield Finding(DEAD_ENDS, f"{state or 'the beginning'}, {event}", "an end, or a command that goes on", found)


def _leading_on(rows: list[Row], ends: set[str]) -> set[str]:
    """The states from which one of these ends is reached."""
    found = set(ends)
    while True:
        more = {row.state for row in rows if row.state and row.effect != STOP and row.next in found} - found
        if not more:
            return found
        found |= more
