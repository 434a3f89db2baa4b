"""An entrance: a desk at which people sign in, under a clock that is set by hand; the same handlers as under HTTP."""

import datetime as dt
from pathlib import Path

import msgspec
from gateway_desk import Desk

from gateway.access.sessions import fault, principal_of, stale
from gateway.access_key import AccessKey, token_sha256
from gateway.clock import format_utc
from gateway.commands import ANONYMOUS, NOBODY, Command, Principal
from gateway.commands.access import (
    ChangeAddress,
    ChooseTenant,
    ConfirmAddress,
    EndSession,
    RequestCode,
    ResendCode,
    SignIn,
    StepUp,
    Verify,
)
from gateway.engine.execute import execute_batch
from gateway.idempotency.claim import Mutation
from gateway.journal import Answer
from gateway.routes import Route
from gateway.routes.access import (
    CHANGE_ADDRESS,
    CHOOSE_TENANT,
    CONFIRM_ADDRESS,
    END_SESSION,
    REQUEST_CODE,
    RESEND_CODE,
    SIGN_IN,
    STEP_UP,
    VERIFY,
)

ANN = "ann@example.com"
HOME = "192.0.2.0/24"


class CountingKey(AccessKey):
    """An access key that counts what is derived from it."""

    __slots__ = ("calls",)

    def __init__(self, raw: bytes) -> None:
        super().__init__(raw)
        self.calls: list[str] = []

    def mac(self, purpose: str, *parts: str) -> bytes:
        """The purposes, in order."""
        self.calls.append(purpose)
        return super().mac(purpose, *parts)


class Entrance(Desk):
    """Decides requests of people who sign in; `now` is moved on by hand."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._keys = 0

    def fresh(self) -> str:
        """An idempotency key never used before."""
        self._keys += 1
        return f"entrance-key-{self._keys:010d}"

    def pass_time(self, **span: float) -> None:
        """Move the clock on."""
        self.now += dt.timedelta(**span)

    @property
    def key(self) -> AccessKey:
        """The access key."""
        return self.access.key

    def nobody(self, route: Route, command: Command, *ids: str, key: str | None = None, network: str = HOME) -> Answer:
        """One request without a credential."""
        caller = Principal(NOBODY, "", ANONYMOUS, ANONYMOUS, network=network)
        return self.ask(route, command, key or self.fresh(), *ids, principal=caller)

    def start(self, address: str = ANN, **how: str) -> Answer:
        """Begin a sign-in."""
        return self.nobody(SIGN_IN, SignIn(address), **how)

    def started(self, address: str = ANN, **how: str) -> str:
        """The id of a sign-in that has begun."""
        answer = self.start(address, **how)
        assert answer.status == 202, answer.body
        return msgspec.json.decode(answer.body)["sign_in_id"]

    def resend(self, sign_in_id: str, **how: str) -> Answer:
        """Send the code again."""
        return self.nobody(RESEND_CODE, ResendCode(), sign_in_id, **how)

    def verify(self, sign_in_id: str, code: str | None = None, **how: str) -> Answer:
        """Type a code; without one, the right one."""
        return self.nobody(VERIFY, Verify(code or self.key.code(sign_in_id)), sign_in_id, **how)

    def wrong(self, sign_in_id: str) -> str:
        """A code that is not the right one."""
        return f"{(int(self.key.code(sign_in_id)) + 1) % 10**8:08d}"

    def token(self, address: str = ANN) -> str:
        """The token of a new session."""
        answer = self.verify(self.started(address))
        assert answer.status == 200, answer.body
        return msgspec.json.decode(answer.body)["session_token"]

    def row(self, token: str):
        """The session's row."""
        return self.tx.access.sessions.of_token(token_sha256(token))

    def refusal(self, token: str, *, fresh: bool = False) -> str | None:
        """With which code the door refuses the session now."""
        row, now = self.row(token), format_utc(self.now)
        found = fault(row, now) or (stale(row, now) if fresh else None)
        return found and found.code.value

    def use(self, token: str) -> None:
        """A request that only shows that the session is in use."""
        self.chore(lambda tx, ctx: tx.access.sessions.see(self.row(token).session_id, ctx.now_text))

    def act(self, token: str, route: Route, command: Command, *ids: str, key: str | None = None) -> Answer:
        """One request with a session, past the door."""
        return self.ask(route, command, key or self.fresh(), *ids, principal=principal_of(self.row(token), None))

    def step_up(self, token: str) -> Answer:
        """A fresh code, confirmed."""
        asked = self.act(token, REQUEST_CODE, RequestCode())
        assert asked.status == 202, asked.body
        sign_in_id = msgspec.json.decode(asked.body)["sign_in_id"]
        return self.act(token, STEP_UP, StepUp(sign_in_id, self.key.code(sign_in_id)))

    def change_address(self, token: str, address: str) -> Answer:
        """Another address, confirmed with its code."""
        asked = self.act(token, CHANGE_ADDRESS, ChangeAddress(address))
        assert asked.status == 202, asked.body
        sign_in_id = msgspec.json.decode(asked.body)["sign_in_id"]
        return self.act(token, CONFIRM_ADDRESS, ConfirmAddress(sign_in_id, self.key.code(sign_in_id)))

    def end(self, token: str, *, everywhere: bool = False) -> Answer:
        """Log out."""
        return self.act(token, END_SESSION, EndSession(everywhere))

    def choose(self, token: str, tenant_id: str) -> Answer:
        """Choose a tenant."""
        return self.act(token, CHOOSE_TENANT, ChooseTenant(tenant_id))

    def mail_time(self) -> str:
        """The moment as mails are stamped with it."""
        return format_utc(self.now)

    def join(self, token: str, tenant_id: str) -> None:
        """Make the session's person a member of a tenant."""
        self.chore(lambda tx, ctx: tx.access.people.join(self.row(token).person_id, tenant_id, ctx.now_text))

    def together(self, asked: list[tuple[Route, Command, str, str]]) -> list[Answer]:
        """Requests without a credential that one transaction decides: route, command, the id in the path, and the key."""
        caller = Principal(NOBODY, "", ANONYMOUS, ANONYMOUS, network=HOME)
        requests = [
            Mutation(route, caller, (one,), key, "", command, msgspec.json.encode(command), "request-1")
            for route, command, one, key in asked
        ]
        self.connection.execute("BEGIN IMMEDIATE")
        answers = execute_batch(self.tx, requests, self._context())
        self.connection.execute("COMMIT")
        return answers


def said(answer: Answer) -> tuple[int, str]:
    """Status, and the code of a refusal or `ok`."""
    return answer.status, msgspec.json.decode(answer.body).get("code", "ok")
