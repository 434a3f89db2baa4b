"""What is wrong with a document: burns that cannot be reached, and too little traffic for its objective."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from gates.slo import queries
from gates.slo.document import Slo
from gates.slo.lint.finding import Finding, NotChecked
from gates.slo.windows import burns

Ask = Callable[[str], Decimal | None]
"""The number that Prometheus has for a query now; None for no series."""


def unreachable(slo: Slo) -> Iterator[Finding]:
    """The pairs that can never fire."""
    for burn in burns(slo):
        if not burn.can_fire:
            found = f"at {burn.label} times the budget, with a target of {slo.target}"
            yield Finding(f"{slo.path}: {slo.name}", "cannot-fire", found)


def low_traffic(slo: Slo, ask: Ask) -> Iterator[Finding | NotChecked]:
    """The pairs in whose long window one error is more than the threshold; a window without traffic is none of them.

    Where the server has seen a part of a window alone, few events in that part say nothing about the whole.
    """
    unseen = []
    for burn in burns(slo):
        total = ask(queries.total_count(slo, burn.pair.long))
        if total is None or total <= 0 or not burn.can_fire:
            continue
        expected = total * burn.threshold
        if expected < 1 and ask(queries.counted_before(slo, burn.pair.long)) is None:
            unseen.append(burn.pair.long)
        elif expected < 1:
            found = f"{total:.0f} events in {burn.pair.long}: {expected:.3f} bad ones at {burn.label} times the budget"
            yield Finding(f"{slo.path}: {slo.name}", "low-traffic", found)
    if unseen:
        yield NotChecked("low-traffic", f"{slo.name}: Prometheus has not counted its events for {', '.join(unseen)} yet")
