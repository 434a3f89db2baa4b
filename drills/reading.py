"""What can be read of a service, by its target file? One request each, as the role that the file names."""

from collections.abc import Iterator, Mapping
from typing import Protocol

import httpx
import msgspec

from gates.schema.credential import resolve_credential
from gates.schema.errors import UsageProblem
from gates.schema.target import Target, resolve_base_url
from gates.schema.template import fill_text, resolve
from gates.schema.tls import tls_for

_TIMEOUT_S = 5.0
_BEGIN = {"after": "0", "cursor": ""}


class _Described(Protocol):
    """What the target's file says of a request."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def headers(self) -> dict[str, str]: ...


class _Request(msgspec.Struct, frozen=True):
    path: str
    headers: dict[str, str]


class Reads:
    """The requests by which the service can be read; `paths` is empty where the file names none that needs no payment's id."""

    def __init__(self, target: Target, environ: Mapping[str, str]) -> None:
        self._url, self._environ = resolve_base_url(target, environ), environ
        self._tls = tls_for(self._url, target, environ)
        self._requests = list(_requests(target, environ))

    @property
    def paths(self) -> tuple[str, ...]:
        """The path of each request."""
        return tuple(request.path for request in self._requests)

    def failed(self, count: int) -> list[str]:
        """Send so many requests, each of them in turn; what was not answered with 2xx, in words."""
        found = []
        with httpx.Client(timeout=_TIMEOUT_S, trust_env=False, verify=self._tls) as client:
            for number in range(count):
                request = self._requests[number % len(self._requests)]
                fault = _fault(client, self._url + request.path, request.headers)
                if fault:
                    found.append(f"{request.path.partition('?')[0]}: {fault}")
        return found


def _fault(client: httpx.Client, url: str, headers: Mapping[str, str]) -> str:
    try:
        answer = client.get(url, headers=dict(headers))
    except httpx.TransportError as error:
        return type(error).__name__
    return "" if answer.is_success else str(answer.status_code)


def _requests(target: Target, environ: Mapping[str, str]) -> Iterator[_Request]:
    fields, audit = {**_BEGIN, **known_fields(target, environ)}, target.audit
    described: tuple[_Described | None, ...] = (audit.wallet, audit.payee, audit.ledger, audit.receipts, audit.settlements)
    for operation in described:
        if operation is not None and operation.method == "GET" and (path := _filled(operation.path, fields, environ)):
            headers = {name: _filled(value, fields, environ) for name, value in operation.headers.items()}
            yield _Request(path, {**headers, **resolve_credential(target, operation.role, environ).line})
    if target.build is not None and target.build.path is not None:
        role = "operator" if "operator" in target.credentials else next(iter(target.credentials), None)
        yield _Request(target.build.path, {} if role is None else resolve_credential(target, role, environ).line)


def known_fields(target: Target, environ: Mapping[str, str]) -> dict[str, str]:
    """The target's variables that are set, and one payee."""
    return dict(_variables(target, environ))


def _variables(target: Target, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in target.variables.items():
        try:
            found = resolve(value, environ)
        except UsageProblem:  # it is not set: what needs it is left out
            continue
        yield name, found
        if name == "payee_ids":
            yield "payee_id", found.partition(",")[0]


def _filled(template: str, fields: Mapping[str, str], environ: Mapping[str, str]) -> str:
    """The text, "" where it needs a field that nobody has before a payment is made."""
    try:
        return fill_text(template, fields, environ)
    except UsageProblem:
        return ""
