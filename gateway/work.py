"""What one operation is decided and written with: clock, ids, signer, the request and its claim."""

import datetime as dt
from collections.abc import Callable

import msgspec

from gateway.access_key import AccessKey
from gateway.clock import format_utc
from gateway.idempotency.claim import Claim, Mutation
from gateway.ids import Ids
from gateway.mailing import NO_MAIL, MailState
from gateway.receipts.signer import ReceiptSigner
from gateway.store.port import Batch

NO_FINGERPRINT = bytes(32)
"""The request fingerprint of what the gateway does without a request, such as an expiry."""


class Login(msgspec.Struct, frozen=True):
    """What signing in needs and no table holds: the access key, and whether codes can be mailed."""

    key: AccessKey
    mail: MailState = NO_MAIL


class Work(msgspec.Struct, frozen=True):
    """One operation about to be written. Mutation and claim are None for what the gateway does without a request.

    `suffix` names it: operation opr_, receipt rcp_, entry ent_ and, for a reserve, payment pay_. `has_rail` says whether payouts
    can be sent. `access` is what signing in needs; None where nobody can.
    """

    now: dt.datetime
    now_text: str
    ids: Ids
    signer: ReceiptSigner
    suffix: str
    mutation: Mutation | None = None
    claim: Claim | None = None
    has_rail: bool = False
    access: Login | None = None

    @property
    def login(self) -> Login:
        """What signing in needs; there is such a thing wherever a command of access is decided."""
        assert self.access is not None, "the engine of a service has an access key"
        return self.access

    @property
    def request(self) -> Mutation:
        """The request that is decided; there is one wherever a command is."""
        assert self.mutation is not None, "a command comes with a request"
        return self.mutation

    def own(self) -> "Work":
        """A new operation of the gateway's own, at the same moment: an expiry that a request met."""
        return Work(self.now, self.now_text, self.ids, self.signer, self.ids.suffix())


class Context(msgspec.Struct, frozen=True):
    """Clock, ids and key of one batch: everything that a decision needs in addition to the database and the request."""

    now: dt.datetime
    now_text: str
    ids: Ids
    signer: ReceiptSigner
    has_rail: bool = False
    access: Login | None = None

    @classmethod
    def at(
        cls, now: dt.datetime, ids: Ids, signer: ReceiptSigner, *, has_rail: bool = False, access: Login | None = None
    ) -> "Context":
        """The context of a batch that begins at `now`; without a rail no payouts are accepted, without `access` no sign-ins."""
        return cls(now, format_utc(now), ids, signer, has_rail, access)

    def work(self, mutation: Mutation | None = None, wanted: Claim | None = None) -> Work:
        """A new operation with a new name."""
        suffix = self.ids.suffix()
        return Work(self.now, self.now_text, self.ids, self.signer, suffix, mutation, wanted, self.has_rail, self.access)


Chore = Callable[[Batch, Context], object]
"""The gateway's own work between requests, such as tidying expired holds: it writes through the same batches."""


class Made(msgspec.Struct, frozen=True):
    """An effect outside the payments: the answer, and where the thing can be read."""

    view: msgspec.Struct
    status: int = 201
    location: str | None = None
