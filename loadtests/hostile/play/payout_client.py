"""Request payouts from a service, and read their outcomes: over HTTP, as its target file defines."""

from collections.abc import Callable, Iterator, Mapping
from time import sleep
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

import httpx
import msgspec

from gates.schema.acknowledgement import decoded, standing
from gates.schema.credential import resolve_credential
from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.operation import Operation
from gates.schema.pointer import text_at
from gates.schema.sending import make_request
from gates.schema.target import NamedTarget
from gates.schema.template import fields_in, resolve
from loadtests.hostile.books import AskType, Payout
from loadtests.service import Service, media_type

_TRIES, _AGAIN_S, _TIMEOUT_S = 5, 0.2, 10.0
_LARGEST = 5000  # a payment that funds a payee stays well below every limit per payment
Name = Literal["reserve", "settle", "payout"]


class ClientResponse(msgspec.Struct, frozen=True):
    """The meaning of a response: acknowledged with the resource's id, refused with a code, or unknown."""

    type: AskType
    status: int | None = None
    code: str | None = None
    identity: str | None = None


class _Page(msgspec.Struct):
    items: tuple[Payout, ...]
    next_cursor: str | None = None


class PayoutClient:
    """One service and the accounts that the target file names."""

    def __init__(self, named: NamedTarget, pause: Callable[[float], None] = sleep) -> None:
        self._target, self._pause = named.target, pause
        for name in ("reserve", "settle", "payout"):
            if name not in named.target.operations:
                raise UsageProblem(f"the target {named.name!r} has no operation {name}", next_step=f"add spec.operations.{name}")
        self.service = Service(named)
        self.accounts = self.service.accounts()
        self._client = httpx.Client(base_url=self.service.base_url, timeout=_TIMEOUT_S, trust_env=False, verify=self.service.tls)

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the connections."""
        self._client.close()
        self.service.__exit__(kind, error, trace)

    def ask(self, key: str, payee_id: str, amount: str) -> ClientResponse:
        """Request a payout; retry with the same key while the outcome is unknown, a few times."""
        return self._settled("payout", key, {"payee_id": payee_id, "amount": amount})

    def fund(self, key: str, payee_id: str, amount: int) -> None:
        """Fund a payee for its payouts, by payments that are reserved and settled.

        Raises UnknownProblem naming the first response that is no acknowledgement.
        """
        parts = [_LARGEST] * (amount // _LARGEST) + ([amount % _LARGEST] if amount % _LARGEST else [])
        for number, part in enumerate(parts):
            fields = {"payee_id": payee_id, "amount": str(part)}
            reserved = self._certain("reserve", f"{key}-{number}-reserve", fields)
            self._certain("settle", f"{key}-{number}-settle", {**fields, "payment_id": reserved.identity or ""})

    def payout(self, payout_id: str) -> Payout | None:
        """One payout as the service reports it now; None if it does not."""
        where = self._target.audit.payout
        try:
            if where is None:
                return next((item for item in self.payouts() if item.payout_id == payout_id), None)
            return msgspec.json.decode(self.service.get(where, {"payout_id": payout_id}).content, type=Payout)
        except UnknownProblem:
            return None

    def payouts(self) -> Iterator[Payout]:
        """Every payout that the service lists; raises UnknownProblem if the target has no such route or does not respond."""
        where = self._target.audit.payouts
        if where is None:
            raise UnknownProblem("the target does not define where payouts can be read", next_step="add spec.audit.payouts")
        cursor = ""
        while True:
            page = msgspec.json.decode(self.service.get(where, {"cursor": quote(cursor, safe="")}).content, type=_Page)
            yield from page.items
            if not page.next_cursor or page.next_cursor == cursor:
                return
            cursor = page.next_cursor

    def _certain(self, name: Name, key: str, fields: Mapping[str, str]) -> ClientResponse:
        response = self._settled(name, key, fields)
        if response.type != "ok":
            raise UnknownProblem(f"a {name} that funds a payee returned {response.status} {response.code or ''}".rstrip())
        return response

    def _settled(self, name: Name, key: str, fields: Mapping[str, str]) -> ClientResponse:
        response = self._send(name, key, fields)
        for _ in range(_TRIES - 1):
            if response.type != "info":
                break
            self._pause(_AGAIN_S)
            response = self._send(name, key, fields)
        return response

    def _send(self, name: Name, key: str, fields: Mapping[str, str]) -> ClientResponse:
        operation = self._target.operations[name]
        named = {*fields_in(msgspec.to_builtins(operation))}
        known = {name: resolve(text) for name, text in self._target.variables.items() if name in named}
        known |= {"currency": self._target.currency, "reference": key, "key": key, **fields}
        credential = resolve_credential(self._target, operation.role)
        request = make_request(self._target, operation, known, credential=credential, key=key)
        try:
            answer = self._client.request(request.method, request.path, headers=request.headers, content=request.body)
        except httpx.HTTPError:
            return ClientResponse("info")
        return self._meaning(operation, answer)

    def _meaning(self, operation: Operation, answer: httpx.Response) -> ClientResponse:
        retry, status = self._target.retry, answer.status_code
        if status in operation.success:
            found = standing(operation, answer.content, media_type(answer))
            return ClientResponse(found.type, status, found.state, found.identity)
        code = text_at(decoded(answer.content), retry.code_pointer)
        is_open = status in retry.statuses or code in retry.codes or status < 400
        return ClientResponse("info" if is_open else "fail", status, code)
