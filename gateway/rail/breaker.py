"""The circuit breaker around the rail: after failures in a row no calls are made for a while, then one call tries."""

from collections.abc import Callable

FAILURES = 5
COOL_OFF_S = 5.0


class Breaker:
    """Counts failures in a row. `monotonic` gives seconds; `changed` is called each time that the circuit opens or closes.

    An optimisation of this process: it delays calls and decides no payout. A new process starts with a closed circuit.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        changed: Callable[[bool], None] = lambda _open: None,
        failures: int = FAILURES,
        cool_off_s: float = COOL_OFF_S,
    ) -> None:
        self.open = False
        self._monotonic = monotonic
        self._changed = changed
        self._most = failures
        self._cool_off_s = cool_off_s
        self._failed = 0
        self._retry_at = 0.0

    def room(self, wanted: int) -> int:
        """How many calls may be made now: all, none, or the one that tries whether the rail is back."""
        if not self.open:
            return wanted
        return 0 if self._monotonic() < self._retry_at else min(wanted, 1)

    def answered(self) -> None:
        """The rail gave a clear answer, whether good or bad news."""
        self._failed = 0
        if self.open:
            self.open = False
            self._changed(False)

    def failed(self) -> None:
        """The rail could not be reached or understood."""
        self._failed += 1
        if self.open or self._failed >= self._most:
            self._retry_at = self._monotonic() + self._cool_off_s
            if not self.open:
                self.open = True
                self._changed(True)
