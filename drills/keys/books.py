"""Reads the keys that a service publishes and the receipts that it lists, as its target's file describes them."""

from collections.abc import Callable, Collection, Mapping
from urllib.parse import quote

import httpx
import msgspec

from drills.keys.receipts import Signed, signed
from drills.reading import known_fields
from gates.evidence.dsse import Envelope
from gates.schema.cached import cache_fault
from gates.schema.credential import resolve_credential
from gates.schema.errors import UnknownProblem
from gates.schema.operation import Operation
from gates.schema.reach import connection_hint
from gates.schema.secret import redact
from gates.schema.target import Target, resolve_base_url
from gates.schema.template import UnsetProblem, fill_text
from gates.schema.tls import tls_for

_TIMEOUT_S = 10.0
_FRESH = {"Cache-Control": "no-cache"}


class _Item(msgspec.Struct, frozen=True):
    envelope: Envelope


class _Page(msgspec.Struct, frozen=True):
    items: tuple[_Item, ...]
    next_cursor: str | None = None


class Books:
    """One service; every read raises UnknownProblem where it does not answer with 2xx, or a cache answers."""

    def __init__(self, target: Target, environ: Mapping[str, str]) -> None:
        self._target, self._environ = target, environ
        self._url = resolve_base_url(target, environ)
        self._fields = known_fields(target, environ)

    def keys(self) -> bytes:
        """The key set that it publishes now. Verifiers read it without a credential: one that is not set is left out."""
        where = self._target.audit.trust
        assert where is not None, "drills.needs requires it"
        try:
            return self._read(where, {}).content
        except UnsetProblem:  # a drill that was killed took its seeded credentials with it
            answer = self._send(where, {}, {})
            self._require(where, answer)
            return answer.content

    def receipts(self, payments: Collection[str], pause: Callable[[float], None]) -> list[Signed]:
        """Every receipt of these payments, in the order of the list."""
        where = self._target.audit.receipts
        assert where is not None, "drills.needs requires it"
        found, cursor = [], ""
        while True:
            answer = self._read(where, {"cursor": quote(cursor, safe="")})
            try:
                page = msgspec.json.decode(answer.content, type=_Page)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise UnknownProblem(f"spec.audit.receipts returned no page of receipts: {error}") from None
            items = (signed(item.envelope, "spec.audit.receipts") for item in page.items)
            found += [item for item in items if item.payment_id in payments]
            if not page.next_cursor or page.next_cursor == cursor:
                return found
            cursor = page.next_cursor
            pause(0.0)

    def knows(self, payment_id: str) -> bool | None:
        """Whether it has such a payment; None for a target that does not say where one can be read."""
        where = self._target.audit.payment
        if where is None:
            return None
        answer = self._send(where, {"payment_id": payment_id})
        if answer.status_code in (404, 410):
            return False
        self._require(where, answer)
        return True

    def _read(self, where: Operation, fields: Mapping[str, str]) -> httpx.Response:
        answer = self._send(where, fields)
        self._require(where, answer)
        return answer

    def _require(self, where: Operation, answer: httpx.Response) -> None:
        if not answer.is_success:
            raise UnknownProblem(f"{where.path} returned {answer.status_code}")
        if fault := cache_fault(answer.headers):
            raise UnknownProblem(f"{where.path}: {fault}", next_step="let this read reach the service itself")

    def _send(self, where: Operation, fields: Mapping[str, str], credential: Mapping[str, str] | None = None) -> httpx.Response:
        given = {**self._fields, **fields}
        path = fill_text(where.path, given, self._environ)
        headers = {name: fill_text(value, given, self._environ) for name, value in where.headers.items()}
        secret = self._credential(where) if credential is None else credential
        tls = tls_for(self._url, self._target, self._environ)
        try:
            return httpx.request(
                where.method,
                self._url + path,
                headers={**headers, **secret, **_FRESH},
                timeout=_TIMEOUT_S,
                trust_env=False,
                verify=tls,
            )
        except httpx.TransportError as error:
            trouble = redact(repr(error), secret.values())
            hint = connection_hint(self._target, error)
            raise UnknownProblem(f"{where.path} cannot be read: {trouble}", next_step=hint) from None

    def _credential(self, where: Operation) -> Mapping[str, str]:
        known = where.role in self._target.credentials
        return resolve_credential(self._target, where.role, self._environ).line if known else {}
