"""Round after round: one each interval, never two at once, and a line for each that fails."""

from collections.abc import Callable

from gates.schema.outcome import ExitCode
from gates.schema.time import monotonic_s
from gates.slo.canary.round import Canary, Round, play
from gates.slo.canary.serve import Counts

Pause = Callable[[float], None]


def run_rounds(
    canary: Canary, counts: Counts, every_s: float, rounds: int | None, pause: Pause, note: Callable[[str], None]
) -> ExitCode:
    """Play so many rounds, or rounds for ever, one after the other; `note` gets a line for each that fails, and for the recovery.

    With a number of rounds red if one was bad, unknown if none counted.
    """
    played: list[Round] = []
    begun, number, was_bad = monotonic_s(), 0, False
    while rounds is None or number < rounds:
        if number:
            late_s = monotonic_s() - begun
            pause(max(every_s - late_s, 0))
        begun = monotonic_s()
        one = play(canary)
        counts.add(one)
        number += 1
        if one.failed is not None:
            what = "failed" if one.counted else "was refused, and does not count"
            note(f"round {number} {what}: {one.failed}: {canary.client.redact(one.why)}")
        elif was_bad:
            note(f"round {number} is good again")
        was_bad = one.failed is not None
        if rounds is not None:
            played.append(one)
    if any(one.failed is not None and one.counted for one in played):
        return ExitCode.RED
    return ExitCode.GREEN if any(one.counted for one in played) else ExitCode.UNKNOWN
