"""A shop that mails codes, under a clock that is set by hand: people sign in over HTTP and act with their sessions."""

import datetime as dt
import itertools
from pathlib import Path

from gateway_house import House

from gateway.mailing import MailMode, MailSettings

START = dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.UTC)


class SetClock:
    """A clock that is set by hand; the steady clock goes along."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> dt.datetime:
        return self.now

    def steady(self) -> float:
        """Seconds since the start of the world."""
        return self.now.timestamp()


class SignedIn(House):
    """A gateway whose mails nobody reads: the tests derive the codes, as the gateway does."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.clock = SetClock()
        mail = MailSettings(mode=MailMode.RECORD, folder=folder / "mails")
        given = {"mail": mail, "dev": True, "clock": self.clock, "steady_clock": self.clock.steady}
        ticks = itertools.count(step=10)
        super().__init__(folder, **{"monotonic": lambda: float(next(ticks)), **given, **settings})
        self._people = itertools.count(1)

    def pass_time(self, **span: float) -> None:
        """Move the clock on."""
        self.clock.now += dt.timedelta(**span)

    def code(self, sign_in_id: str) -> str:
        """The code of a challenge."""
        return self.engine._access_key.code(sign_in_id)

    def signed_in(self, address: str | None = None) -> str:
        """The token of a new session, of somebody new unless an address is given."""
        where = {"address": address or f"person{next(self._people)}@example.com"}
        self.pass_time(minutes=4)  # so that no network and no address is ever throttled
        sign_in_id = self.ok(self.post("/v1/access/sign-ins", where, None), 202)["sign_in_id"]
        verified = self.post(f"/v1/access/sign-ins/{sign_in_id}/verify", {"code": self.code(sign_in_id)}, None)
        return self.ok(verified, 200)["session_token"]

    def healthy(self) -> "SignedIn":
        """Wait until the gateway knows that mails leave."""
        for _ in range(1000):
            if self.engine.mail.healthy:
                return self
            self.run(_turn())
        raise AssertionError("mails do not leave")


async def _turn() -> None:
    """Let the loop go round."""
    import asyncio

    await asyncio.sleep(0.001)
