"""Many simulated users at once, until each has come to an end; what they met, and what must hold for all of them."""

import datetime as dt
import heapq
from collections import Counter
from random import Random

from crowd_user import User
from crowd_world import World

USERS_AN_HOUR = 100
MODES = ("public_signup",) * 5 + ("hybrid", "managed", "closed")
CLAIMED = ["claimed.example.org"]


def drawn(rng: Random) -> Random:
    """A generator of a user's own, from the crowd's."""
    return Random(rng.randrange(2**63))  # noqa: S311  # a simulation's seed


class Crowd:
    """So many users on one world, from one seed."""

    def __init__(self, folder, users: int, seed: int) -> None:
        self.world, self.rng = World(folder, seed), Random(seed)  # noqa: S311  # a simulation's seed
        self.world.house("set_sign_up", {"mode": "public_signup", "domains": CLAIMED})
        self.users: list[User] = []
        self.most_sessions = 0
        """The most sessions that one person had, looked at four times an hour: they last half an hour at least."""
        self._wanted = users
        self._queue: list[tuple[dt.datetime, int, int]] = []

    def run(self) -> None:
        """Let everybody come, act and end; the house and the mail server have their days meanwhile."""
        at = self.world.now
        for number in range(self._wanted):
            at += dt.timedelta(seconds=self.rng.expovariate(USERS_AN_HOUR / 3600))
            self._push(at, number)
        for turn in range(1, 1 + int((at - self.world.now).total_seconds() // 900)):
            self._push(self.world.now + dt.timedelta(seconds=900 * turn), -1)
        while self._queue:
            due, _, number = heapq.heappop(self._queue)
            self.world.pass_time(max(due, self.world.now))
            if number < 0:
                self._quarter_of_an_hour()
                continue
            if number == len(self.users):
                self.users.append(self._newcomer(number))
            pause = self.users[number].act()
            if pause is not None:
                self._push(self.world.now + dt.timedelta(seconds=pause), number)

    def _push(self, at: dt.datetime, number: int) -> None:
        heapq.heappush(self._queue, (at, len(self._queue) + self.world.requests * 1_000_000, number))

    def _newcomer(self, number: int) -> User:
        known = self.rng.choice(self.users) if self.users and self.rng.random() < 0.05 else None
        return User(self.world, drawn(self.rng), number, first=known)

    def _quarter_of_an_hour(self) -> None:
        """Sign-up opens and closes, somebody is admitted, a tenant is stopped or works again, mail fails or comes back."""
        world, rng = self.world, self.rng
        self.most_sessions = max(self.most_sessions, world.most_sessions())
        world.mailbox.down = rng.random() < 0.12
        roll = rng.random()
        if roll < 0.3:
            world.house("set_sign_up", {"mode": rng.choice(MODES), "domains": CLAIMED})
        elif roll < 0.6:
            for waits in world.waiting()[:3]:
                world.house("admit", {}, waits)
        elif roll < 0.7:
            tenants = [user.tenant_id for user in self.users if user.tenant_id]
            if tenants:
                world.house(rng.choice(("disable_tenant", "enable_tenant", "enable_tenant")), {}, rng.choice(tenants))
        world.tidy()

    def ends(self) -> dict[str, int]:
        """How many users came to each end."""
        return dict(sorted(Counter(user.state.value for user in self.users).items()))

    def outcomes(self) -> dict[str, int]:
        """How often each answer was given, by the kind of the request and its outcome."""
        return dict(sorted(Counter(f"{item.kind}: {item.outcome}" for item in self.world.log).items()))

    def events(self) -> dict[str, int]:
        """How often each event of the machine happened."""
        return dict(sorted(sum((user.seen for user in self.users), Counter()).items()))
