"""A second tenant whose payouts a restore drill requests, and the rail's own book: who was charged, and how often."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import httpx
import msgspec

from drills.payouts import of_second_tenant
from gates.schema.acknowledgement import standing
from gates.schema.credential import resolve_credential
from gates.schema.errors import UnknownProblem
from gates.schema.sending import make_request
from gates.schema.target import Target, resolve_base_url
from gates.schema.template import fields_in, fill_text, resolve
from gates.schema.tls import tls_for, tls_of

FUNDS = 5000
_FIRST = 11
"""The amount of the first payout in minor units; each has another, so that its charge is known by it."""

_TIMEOUT_S, _TRIES, _AGAIN_S = 10.0, 100, 0.1
_PAGES = 1000


class Charge(msgspec.Struct, frozen=True):
    """One line of the rail's book (`gonogo-rail-book-v1`)."""

    seq: int
    key: str
    payee: str
    amount: str
    status: str


class _Payout(msgspec.Struct, frozen=True):
    payout_id: str
    state: str
    amount: str


class _Page(msgspec.Struct, frozen=True):
    items: tuple[_Payout, ...]


class Payer:
    """The second tenant. Keys follow from the run, so that a payout can be requested again after a restore."""

    def __init__(self, target: Target, environ: Mapping[str, str], rail_url: str, run_id: str) -> None:
        """Raises UnknownProblem where there is no second tenant or no rail."""
        if not rail_url:
            raise UnknownProblem("nobody knows the rail's URL", next_step="add spec.rail.url to the target file")
        self._target, self._rail_url, self._run = target, rail_url, run_id[:16]
        self._environ = of_second_tenant(environ, rail_url)
        self._payee = resolve(target.variables.get("payee_ids", ""), self._environ).partition(",")[0]
        self._funded = False
        self.made = 0

    def pay_out(self, pause: Callable[[float], None]) -> str:
        """Request one more payout; returns its amount, by which its charge is known."""
        if not self._funded:
            self.fund(pause)
        self.made += 1
        return self.repeat(self.made, pause)

    def repeat(self, number: int, pause: Callable[[float], None]) -> str:
        """Request a payout, or request it again: the same number is the same request under the same key."""
        amount = str(_FIRST + number)
        self._send("payout", f"payout-{number}", {"amount": amount}, pause)
        return amount

    def open(self) -> int:
        """How many of its payouts the service has not decided yet, those included that it does not list."""
        where = self._target.audit.payouts
        assert where is not None, "needs.py requires it"
        credential = resolve_credential(self._target, where.role, self._environ)
        path = fill_text(where.path, {"cursor": ""}, self._environ)
        try:
            with self._client() as client:
                page = msgspec.json.decode(client.get(path, headers=credential.line).content, type=_Page)
        except (httpx.TransportError, msgspec.MsgspecError) as error:
            raise UnknownProblem(f"the service's payouts cannot be read: {error}") from None
        decided = {item.amount for item in page.items if item.state in ("succeeded", "failed")}
        return sum(str(_FIRST + number) not in decided for number in range(1, self.made + 1))

    def charges(self) -> tuple[Charge, ...]:
        """Every charge of the rail's book that succeeded."""
        return tuple(charge for charge in self._book() if charge.status == "succeeded")

    def charged(self) -> Counter[str]:
        """How often each amount was charged for its payee."""
        return Counter(charge.amount for charge in self.charges() if charge.payee == self._payee)

    def book_lines(self) -> bytes:
        """The rail's book, as its lines."""
        return b"".join(self._pages())

    def _book(self) -> Iterator[Charge]:
        for line in self.book_lines().splitlines():
            yield msgspec.json.decode(line, type=Charge)

    def _pages(self) -> Iterator[bytes]:
        rail, after = self._target.rail, 0
        assert rail is not None, "needs.py requires it"
        with httpx.Client(timeout=_TIMEOUT_S, trust_env=False, verify=tls_of(self._rail_url)) as client:
            for _ in range(_PAGES):
                try:
                    answer = client.get(self._rail_url + fill_text(rail.book, {"after": str(after)}, self._environ))
                    lines = [msgspec.json.decode(line, type=Charge) for line in answer.raise_for_status().content.splitlines()]
                except (httpx.HTTPError, msgspec.MsgspecError) as error:
                    raise UnknownProblem(f"the rail's book cannot be read: {error}", next_step="see spec.rail.book") from None
                if not lines:
                    return
                yield answer.content.rstrip(b"\n") + b"\n"
                after = lines[-1].seq

    def fund(self, pause: Callable[[float], None]) -> None:
        """A payment to the payee that pays for all payouts of the drill; again, it is the same one unless that was lost."""
        payment_id = self._send("reserve", "funds", {"amount": str(FUNDS)}, pause)
        self._send("settle", "funds-settle", {"amount": str(FUNDS), "payment_id": payment_id}, pause)
        self._funded = True

    def _send(
        self, name: Literal["reserve", "settle", "payout"], what: str, fields: Mapping[str, str], pause: Callable[[float], None]
    ) -> str:
        """Send one request under its key until it is acknowledged; returns the id in the answer.

        Raises UnknownProblem with the status of a refusal.
        """
        target, operation = self._target, self._target.operations[name]
        key = "drill-" + hashlib.sha256(f"{self._run}/{what}".encode()).hexdigest()[:40]
        named = {*fields_in(msgspec.to_builtins(operation))}
        known = {word: resolve(text, self._environ) for word, text in target.variables.items() if word in named}
        known |= {"currency": target.currency, "reference": key, "key": key, "payee_id": self._payee, **fields}
        credential = resolve_credential(target, operation.role, self._environ)
        request = make_request(target, operation, known, credential=credential, key=key, environ=self._environ)
        status: int | None = None
        with self._client() as client:
            for _ in range(_TRIES):
                try:
                    answer = client.request(request.method, request.path, headers=request.headers, content=request.body)
                except httpx.TransportError:
                    pause(_AGAIN_S)
                    continue
                status = answer.status_code
                if status in operation.success:
                    found = standing(operation, answer.content, answer.headers.get("content-type"))
                    if found.type == "ok":
                        return found.identity or ""
                elif status < 500 and status not in target.retry.statuses:
                    break
                pause(_AGAIN_S)
        raise UnknownProblem(f"the {name} of the second tenant was not acknowledged: {status or 'no answer'}")

    def _client(self) -> httpx.Client:
        url = resolve_base_url(self._target, self._environ)
        return httpx.Client(base_url=url, timeout=_TIMEOUT_S, trust_env=False, verify=tls_for(url, self._target, self._environ))
