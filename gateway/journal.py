"""Writing what was decided: effect, receipt and stored answer go into the journal together, or not at all."""

import msgspec

from gateway.access_answers import SecretView
from gateway.access_key import AccessKey
from gateway.canonical import canonical
from gateway.errors import CATALOGUE, PROBLEM_JSON, Code, Refusal, problem
from gateway.house_answers import SECRET_VIEWS
from gateway.kinds import EntryKind
from gateway.store.port import Transaction
from gateway.store.rows import OperationRow, Request, Resource, StoredAnswer
from gateway.work import NO_FINGERPRINT, Work

_ENCODE = msgspec.json.Encoder().encode
JSON = "application/json"


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What goes back to the caller, byte for byte. `outcome` is ok or the refusal's code, for metrics.

    `decided_at` is when it was decided and stored; None where nothing was. `headers` are sent next to those of a stored answer.
    """

    status: int
    body: bytes
    decided_at: str | None
    headers: tuple[tuple[str, str], ...] = ()
    outcome: str = "ok"
    replayed: bool = False

    @property
    def media_type(self) -> str:
        """Problems have one of their own."""
        return JSON if self.status < 400 else PROBLEM_JSON


def store(tx: Transaction, work: Work, status: int, view: msgspec.Struct, location: str | None, outcome: str = "ok") -> Answer:
    """Write an answer that moves no money: a sticky refusal, or something an administrator made."""
    assert work.mutation is not None, "only requests are answered"
    body = _ENCODE(view)
    append(tx, work, operation_row(work, work.mutation.principal.tenant_id, status, body, location))
    if isinstance(view, SecretView):
        assert work.mutation.route.secret, "replays of this route would miss the secret"
        body = _ENCODE(view.filled(work.login.key))
    return first_answer(work, status, body, location, outcome)


def refuse(refusal: Refusal, request_id: str) -> Answer:
    """The answer to a request that was refused without a stored decision."""
    row = CATALOGUE[refusal.code]
    after_ms = refusal.retry_after_ms
    headers: tuple[tuple[str, str], ...] = (("Retry-After", str(-(-after_ms // 1000))),) if after_ms else ()
    if refusal.code is Code.IDEMPOTENCY_KEY_EXPIRED and refusal.resource:
        headers = (*headers, ("Link", f'<{refusal.resource}>; rel="related"'))
    return Answer(row.status, _ENCODE(problem(refusal, request_id)), None, headers, refusal.code)


def repeat(at: str, status: int, body: bytes, location: str | None) -> Answer:
    """The stored answer once more: same status, same bytes."""
    return _stored(at, status, body, location, "ok", replayed=True)


def repeat_secret(stored: StoredAnswer, kind: str, key: AccessKey) -> Answer:
    """The same for an answer that holds a secret: it was stored without, and the secret is derived again."""
    assert stored.body is not None, "the caller has looked at its age"
    view = msgspec.json.decode(stored.body, type=SECRET_VIEWS[kind])
    return repeat(stored.at, stored.status, _ENCODE(view.filled(key)), stored.location)


def append(tx: Transaction, work: Work, row: OperationRow) -> int:
    """Add a row to the journal, with the key that led to it."""
    seq = tx.add_operation(row)
    if work.claim is not None:
        tx.add_key(work.claim.tenant_key, work.claim.route_hash, seq)
    return seq


def first_answer(work: Work, status: int, body: bytes, location: str | None, outcome: str) -> Answer:
    """The answer to the first request; `repeat` gives the same answer to later ones."""
    return _stored(work.now_text, status, body, location, outcome, replayed=False)


def _stored(at: str, status: int, body: bytes, location: str | None, outcome: str, *, replayed: bool) -> Answer:
    return Answer(status, body, at, (("Location", location),) if location else (), outcome, replayed)


def operation_row(
    work: Work,
    tenant_id: str,
    status: int,
    body: bytes,
    location: str | None,
    *,
    kind: str | None = None,
    entry_kind: EntryKind | None = None,
    resource: Resource | None = None,
    receipt: bytes | None = None,
) -> OperationRow:
    """The journal's row for this operation; `kind` is the route's where it is not given. Its receipt is signed with its batch."""
    mutation, claim = work.mutation, work.claim
    return OperationRow(
        tenant_id=tenant_id,
        suffix=work.suffix,
        kind=kind or (mutation.route.kind if mutation else "system"),
        at=work.now_text,
        request=Request(
            actor=mutation.principal.agent_id if mutation else "system",
            route=mutation.route.name if mutation else "system",
            key=mutation.key if mutation else None,
            fingerprint=claim.fingerprint if claim else NO_FINGERPRINT,
            body=claim.request if claim else b"{}",
        ),
        status=status,
        entry_kind=entry_kind,
        resource=resource,
        location=location,
        receipt=receipt,
        keyid=work.signer.keyid if receipt else None,
        body=body if mutation else None,
    )


def system_row(
    tenant_id: str, kind: str, at: str, suffix: str, actor: str, request: object, *, entry_kind: EntryKind | None = None
) -> OperationRow:
    """A row for what no caller sent over HTTP: done by the gateway itself, or by its operator at the command line."""
    origin = Request(actor=actor, route="system", key=None, fingerprint=NO_FINGERPRINT, body=canonical(request))
    return OperationRow(tenant_id=tenant_id, suffix=suffix, kind=kind, at=at, request=origin, entry_kind=entry_kind)
