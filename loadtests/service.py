"""The target as an HTTP client sees it: its readiness, its build, and its responses to reads."""

import os
from collections.abc import Callable, Mapping
from time import sleep
from types import TracebackType
from typing import NoReturn, Self

import httpx
import msgspec

from gates.evidence.reported import read_build
from gates.schema.cached import cache_fault
from gates.schema.credential import resolve_credential, secrets_of
from gates.schema.errors import Problem, UnknownProblem, UsageProblem
from gates.schema.operation import Operation
from gates.schema.reach import connection_hint, ready_member, trouble_of
from gates.schema.secret import redact
from gates.schema.sending import make_request
from gates.schema.target import NamedTarget, check_environment, resolve_base_url
from gates.schema.template import fields_in, resolve
from gates.schema.time import monotonic_s
from gates.schema.tls import ca_environment, tls_for
from loadtests.storm.mix import refunding
from loadtests.storm.plan import Accounts

_FRESH = {"Cache-Control": "no-cache"}


class UnusableRead(UnknownProblem):
    """A read that was answered, and not with a success."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Service:
    """Reads from one target, with the credentials of its file.

    Raises UsageProblem for a value of the environment that cannot be sent.
    """

    def __init__(self, named: NamedTarget) -> None:
        self.name, self.target = named.name, named.target
        check_environment(named.target)
        self.base_url = resolve_base_url(named.target)
        self._environ = {**os.environ, **ca_environment(named)}
        self.tls = tls_for(self.base_url, named.target, self._environ)
        self._was_ready = False
        self._client = httpx.Client(base_url=self.base_url, timeout=10.0, trust_env=False, verify=self.tls)

    def __enter__(self) -> Self:
        """The service itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close its connections."""
        self._client.close()

    def await_ready(self, patience_s: float, pause: Callable[[float], None] = sleep) -> None:
        """Return when the target is ready.

        Raises UnknownProblem naming the URL, and how to start the service, if it is not ready within `patience_s`; UsageProblem
        naming the member of the target's file if the service answers all the time, and has no such path, or lets nobody in.
        """
        deadline = monotonic_s() + patience_s
        while True:
            trouble, found = self._trouble()
            if not trouble:
                self._was_ready = True
                return
            if monotonic_s() >= deadline:
                self._refuse(trouble, found)
            pause(0.1)

    def _refuse(self, trouble: str, found: httpx.HTTPError | int) -> NoReturn:
        """A service that was ready before has changed; the file describes it as it was."""
        url = self.base_url + self.target.ready_path
        problem = f"the target {self.name!r} is not ready: {url}: {self.redact(trouble)}"
        member = ready_member(self.target, found) if isinstance(found, int) and not self._was_ready else ""
        if member:
            raise UsageProblem(problem, next_step=f"correct {member} in the target file")
        raise UnknownProblem(problem, next_step=connection_hint(self.target, found if isinstance(found, BaseException) else None))

    def build(self) -> str | None:
        """The sha256 of the running build, None where the target names none; raises what `read_build` does."""
        return read_build(self.target, self._environ)

    def known_build(self) -> str | None:
        """The build, None also where it cannot be read now."""
        try:
            return self.build()
        except Problem:
            return None

    def get(self, operation: Operation, fields: Mapping[str, str]) -> httpx.Response:
        """A successful read that no cache answered; raises UnknownProblem naming the request for anything else."""
        credential = resolve_credential(self.target, operation.role)
        request = make_request(self.target, operation, fields, credential=credential)
        what = self.redact(f"{request.method} {self.base_url}{request.path}")
        try:
            headers = {**request.headers, **_FRESH}
            answer = self._client.request(request.method, request.path, headers=headers, content=request.body)
        except httpx.HTTPError as error:
            trouble = self.redact(trouble_of(error))
            raise UnknownProblem(f"{what}: {trouble}", next_step=connection_hint(self.target, error)) from None
        if not answer.is_success:
            said = f"{what}: returned {self.redact(described(answer))}: {self.redact(answer.text)[:200]}"
            raise UnusableRead(said, answer.status_code)
        if fault := cache_fault(answer.headers):
            raise UnknownProblem(
                f"{what}: {fault}: it does not show what the service holds now",
                next_step="let the reads of spec.audit reach the service itself",
            )
        return answer

    def redact(self, text: str) -> str:
        """A text without any credential of the target, as far as the environment has them."""
        return redact(text, secrets_of(self.target))

    def accounts(self) -> Accounts:
        """The wallet and the payees that the target's file names; raises UsageProblem naming what is missing."""
        wallet_id, payee_ids = (self._variable(name) for name in ("wallet_id", "payee_ids"))
        payees = tuple(payee.strip() for payee in payee_ids.split(",") if payee.strip())
        if not payees:
            raise UsageProblem(f"the target {self.name!r}: the variable payee_ids names no payee")
        reserve = self.target.operations.get("reserve")
        references = reserve is not None and "reference" in fields_in(reserve.body)
        refund = refunding(self.target) or "reverse"
        return Accounts(wallet_id, payees, self.target.currency, references, refund)

    def _variable(self, name: str) -> str:
        """A variable that a storm's requests are filled with; the word none where no request and no read names it."""
        if name in self.target.variables:
            return resolve(self.target.variables[name])
        audit = self.target.audit
        used = {*fields_in(msgspec.to_builtins(self.target.operations))}
        if name.removesuffix("s") in used or audit.ledger or audit.wallet or audit.payee:
            problem = f"the target {self.name!r} has no variable {name!r}"
            raise UsageProblem(problem, next_step=f"add spec.variables.{name} to its file: a storm needs a wallet and payees")
        return "none"

    def _trouble(self) -> tuple[str, httpx.HTTPError | int]:
        """Why it is not ready, "" if it is; and the error, or the status."""
        role = self.target.ready_role
        headers = {} if role is None else resolve_credential(self.target, role).line
        try:
            answer = self._client.get(self.target.ready_path, headers=headers)
        except httpx.HTTPError as error:
            return trouble_of(error), error
        return "" if answer.is_success else f"returned {described(answer)}", answer.status_code


def media_type(answer: httpx.Response) -> str:
    """The media type of an answer, "" where it has none."""
    return str(answer.headers.get("content-type", "")).partition(";")[0].strip().lower()


def described(answer: httpx.Response) -> str:
    """The status of an answer, with its media type, and the place to which it redirects."""
    media = media_type(answer)
    place = f", a redirect to {answer.headers.get('location', 'nowhere')}" if answer.has_redirect_location else ""
    return f"{answer.status_code}{f' ({media})' if media else ''}{place}"
