"""Whether mail leaves at all: after failures in a row it does not, until a probe says that it does again.

Only what is about all mails counts. What happens to the mail of one address never does, so nobody can learn from the health
whether an address exists, nor stop the mail of others by signing in with an address that no server takes.
"""

from collections.abc import Callable

from gateway.access.mail.delivery import Delivered, Outcome
from gateway.mailing import MailMode, MailState

FAILURES = 2
"""So many failures in a row mean that the server is down, and not that one connection was."""


class MailHealth:
    """The health of one delivery. `now` gives the time as text; `changed` is called when the health changes."""

    def __init__(self, mode: MailMode, now: Callable[[], str], changed: Callable[[Delivered], None]) -> None:
        self._mode, self._now, self._changed = mode, now, changed
        self._failed = 0
        self.state = MailState(mode, healthy=mode is not MailMode.NONE, since=None if mode is MailMode.NONE else now())

    def tried(self, delivered: Delivered) -> None:
        """A mail was tried."""
        if delivered.outcome is not Outcome.DOWN:
            self._failed = 0
            self._become(healthy=True, why=delivered)
            return
        self._failed += 1
        if self._failed >= FAILURES:
            self._become(healthy=False, why=delivered)

    def probed(self, delivered: Delivered) -> None:
        """A probe went as far as a mail would: what it says counts at once."""
        self._failed = 0
        self._become(healthy=delivered.outcome is Outcome.SENT, why=delivered)

    def _become(self, *, healthy: bool, why: Delivered) -> None:
        if healthy is not self.state.healthy:
            self.state = MailState(self._mode, healthy=healthy, since=self._now())
            self._changed(why)
