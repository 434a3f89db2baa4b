"""A person at a terminal: address, patience, moods and budgets, and what comes before and after a setup."""

from collections import Counter
from random import Random

from gateway.machines.onboarding import ONBOARDING, OnboardingEvent, OnboardingState

S, E = OnboardingState, OnboardingEvent
ENDS = (S.COMPLETED, S.TRUST_ONLY, S.PAUSED, S.BLOCKED)

MOST_ACTS, MOST_CODES, MOST_RESUMES = 120, 5, 2
DOMAINS = ("example.com",) * 8 + ("claimed.example.org", "example.net")


class Person:
    """Somebody who sets up. `act` does one thing and returns the seconds until the next, or None at an end."""

    def __init__(self, world, rng: Random, number: int, *, first: "Person | None" = None) -> None:
        self.world, self.rng, self.number = world, rng, number
        self.address = first.address if first else f"user{number}@{rng.choice(DOMAINS)}"
        self.network = (
            f"198.{rng.randrange(16, 32)}.{rng.randrange(256)}.7" if rng.random() < 0.7 else f"203.0.113.{rng.randrange(256)}"
        )
        self.state, self.left_at = S.STARTED, S.STARTED
        self.acts = self.resumes = 0
        self.spent: Counter[str] = Counter()
        self.next_event: OnboardingEvent | None = None
        self.sign_in_id = self.session = self.agent_key = self.admin_key = self.tenant_id = ""
        self.wallet = self.payee = self.receipt = ""
        self.bootstrap_key = world.hand_out() if rng.random() < 0.06 else ""
        self.step_up_id = ""
        self.policy = False
        self.guesses = 0.85 if rng.random() < 0.04 else 0.12
        self.patience = 12 if self.guesses > 0.5 else MOST_RESUMES
        self.rich = rng.random() < 0.6
        self.seen: Counter[str] = Counter()
        self.terminals = 18 if rng.random() < 0.03 else 0
        self.tokens: list[str] = []

    @property
    def ended(self) -> bool:
        """Whether the setup has come to an end."""
        return self.state in ENDS

    def act(self) -> float | None:
        """One act."""
        if self.ended:
            return self._resume() if not self.terminals else self._sign_in_once_more()
        self.acts += 1
        roll = self.rng.random()
        if self.acts > MOST_ACTS or max(self.spent.values(), default=0) > MOST_CODES:
            event = E.BUDGET_SPENT
        elif roll < 0.004:
            event = E.QUIT if roll < 0.002 else E.KILLED
        else:
            waiting, self.next_event = self.next_event, None
            event = waiting or getattr(self, f"_{self.state.value}")()
        if event is not None:
            self._move(event)
        return self._pause()

    def _move(self, event: OnboardingEvent) -> None:
        edge = ONBOARDING.edge(self.state, event)
        assert edge is not None, f"no row for {event} in {self.state}"
        self.seen[event.value] += 1
        self.left_at, self.state = self.state, edge.next

    def _resume(self) -> float | None:
        """`gonogo setup resume` goes on from all ends but `completed`; some people never come back."""
        if self.state in (S.COMPLETED, S.TRUST_ONLY) or self.resumes >= self.patience or self.rng.random() < 0.3:
            return None
        self.resumes += 1
        self.spent.clear()
        self.acts, self.next_event = 0, None
        self.state = self.left_at if self.state is S.PAUSED else S.STARTED
        if not self.agent_key and self.state not in (S.STARTED, S.SERVICE_OK):
            self.state, self.session = S.SERVICE_OK, ""
        return self._pause()

    def _sign_in_once_more(self) -> float:
        """Some people open terminal after terminal, and use all of them."""
        self.terminals -= 1
        if not self.tenant_id:
            self.terminals = 0
        for token in self.tokens:
            self._ask("choose_tenant", {"tenant_id": self.tenant_id}, token=token)
        started = self._ask("sign_in", {"address": self.address}) if self.terminals % 2 else None
        if started is not None and started.status == 202:
            code = self.world.wait_for_code(self.address, started.answer["sign_in_id"])
            done = self._ask("verify", {"code": code or self._wrong()}, ids=(started.answer["sign_in_id"],))
            self.tokens += [done.answer["session_token"]] if done.status == 200 else []
        return 400

    def _pause(self) -> float:
        """Mostly seconds, sometimes until a code is old, a session idle, or the day over."""
        roll = self.rng.random()
        if self.guesses > 0.5:
            roll *= 0.93
        if roll < 0.93:
            return self.rng.uniform(1, 40)
        return self.rng.uniform(60, 700) if roll < 0.985 else self.rng.uniform(1900, 50_000)

    def _ask(self, kind, body, *, token="", ids=(), key="", address=""):
        whom = address or self.address
        return self.world.ask(kind, body, token=token, network=self.network, ids=ids, key=key, address=whom)

    def _spelt(self) -> str:
        return self.address.upper() if self.rng.random() < 0.1 else self.address

    def _wrong(self) -> str:
        return f"{self.rng.randrange(10**8):08d}"

    def _again(self, kind, body, ids, key, first) -> None:
        """The same request again has the same answer, with its secret."""
        second = self._ask(kind, body, ids=ids, key=key)
        if first.outcome in ("ok", "otp_invalid"):
            assert (second.status, second.answer, second.replayed) == (first.status, first.answer, True), (first, second)

    def _lost(self, answer) -> OnboardingEvent | None:
        """What a refused session means: the setup pauses, and begins again at the sign-in."""
        if answer.outcome in (
            "session_expired",
            "session_revoked",
            "unauthenticated",
            "tenant_disabled",
            "tenant_choice_required",
        ):
            self.session = self.agent_key = self.admin_key = ""
            return E.QUIT
        self.spent[answer.outcome] += 1
        return None

    def _mood(self) -> None:
        """Log out, log out everywhere, change the address, rotate or revoke the key: rarely, and at any time."""
        roll = self.rng.random()
        if not self.session or roll > 0.05:
            return
        if roll < 0.02:
            self._ask("end_session", {"everywhere": roll < 0.008}, token=self.session)
        elif roll < 0.035:
            self._change_address()
        elif self.agent_key:
            self._new_key(revoke=roll > 0.043)

    def _change_address(self) -> None:
        new = f"moved{self.number}-{self.acts}@example.com"
        answer = self._ask("change_address", {"address": new}, token=self.session, address=new)
        if answer.status != 202:
            return
        code = self.world.wait_for_code(new, answer.answer["sign_in_id"])
        if code is None:
            return
        done = self._ask("confirm_address", {"sign_in_id": answer.answer["sign_in_id"], "code": code}, token=self.session)
        if done.status == 200:
            self.address = new

    def _new_key(self, *, revoke: bool) -> None:
        listed = self.world.keys_of(self.tenant_id)
        if not listed:
            return
        kind = "revoke_key" if revoke else "rotate_key"
        answer = self._ask(kind, {"reason": "a test of nerves"}, token=self.session, ids=(self.rng.choice(listed),))
        if answer.status == 201:
            self.agent_key = answer.answer["key"]
