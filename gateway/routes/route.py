"""What a row of the route table says."""

from typing import Literal

import msgspec

from gateway.commands import ANONYMOUS, SESSION, CallerRole, Command

KeyScope = Literal["tenant", "session", "sign_in", "bootstrap_key", "run"]
"""Whose an idempotency key is. Before there is a session it belongs to what the request is about."""


class Undo(msgspec.Struct, frozen=True):
    """How a mutation is taken back: `by` is the kind of the mutation that does it, if any; `how` says what it does or why not."""

    by: str | None
    how: str


class Route(msgspec.Struct, frozen=True):
    """One route. `kind` is the operation's name in receipts, metrics and the key look-up. Reads have neither command nor undo.

    `fresh`: a session needs a code younger than ten minutes; keys are not affected. `scope`: whose its idempotency keys are.
    `private`: members of the body that are stored as a keyed hash alone. `secret`: its answer holds a secret, which is derived
    again on replay and never stored. `revokes`: afterwards this process, and the batch that decided it, look every key up again.
    """

    method: Literal["GET", "POST"]
    template: str
    roles: tuple[CallerRole, ...]
    kind: str
    summary: str
    command: type[Command] | None = None
    undo: Undo | None = None
    fresh: bool = False
    scope: KeyScope = "tenant"
    private: tuple[str, ...] = ()
    secret: bool = False
    revokes: bool = False

    @property
    def is_anonymous(self) -> bool:
        """Whether anybody may call, without a credential; one that is sent is ignored."""
        return ANONYMOUS in self.roles

    @property
    def callers(self) -> tuple[str, ...]:
        """The roles as documents name them: a session with a fresh code is `stepped_up`, a bootstrap key is `bootstrap`."""
        if self.scope == "bootstrap_key":
            return ("bootstrap",)
        sessions = ("stepped_up",) if self.fresh else (SESSION, "stepped_up")
        return tuple(name for role in self.roles for name in (sessions if role == SESSION else (role,)))

    @property
    def is_keyed(self) -> bool:
        """Whether what it claims is worked out with the access key, which the writing process alone has."""
        return bool(self.private) or self.scope not in ("tenant", "session")

    @property
    def name(self) -> str:
        """`POST /v1/payments`: how documents and metrics name it."""
        return f"{self.method} {self.template}"
