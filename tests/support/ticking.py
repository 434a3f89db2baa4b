"""A clock that moves when it is read."""

import datetime as dt


class Ticking:
    """A clock that moves by a tenth of a second with every reading."""

    def __init__(self, begun="2026-12-01T00:00:00+00:00"):
        self.now = dt.datetime.fromisoformat(begun)

    def __call__(self):
        """Now, a tenth of a second later than the last time."""
        self.now += dt.timedelta(milliseconds=100)
        return self.now

    def monotonic(self):
        """The same in seconds."""
        return self().timestamp()
