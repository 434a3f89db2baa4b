"""The target as an HTTP client sees it: its readiness, its build, and its responses to reads."""

from collections.abc import Callable, Mapping
from time import sleep
from types import TracebackType
from typing import Self

import httpx
import msgspec

from gates.schema.canonical import Json
from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.pointer import text_at
from gates.schema.secret import redact
from gates.schema.target import NamedTarget, Operation, check_environment, fill, resolve, resolve_base_url, resolve_credential
from gates.schema.time import monotonic_s
from loadtests.storm.plan import Accounts

_FRESH = {"Cache-Control": "no-cache"}
START_HINT = "start it (`gonogo gateway serve`), or name another with --target or GONOGO_BASE_URL"


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
        self._client = httpx.Client(base_url=self.base_url, timeout=10.0, trust_env=False)

    def __enter__(self) -> Self:
        """The service itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close its connections."""
        self._client.close()

    def await_ready(self, patience_s: float, pause: Callable[[float], None] = sleep) -> None:
        """Return when the target is ready.

        Raises UnknownProblem naming the URL, and how to start the service, if it is not ready within `patience_s`.
        """
        deadline = monotonic_s() + patience_s
        while True:
            trouble = self._trouble()
            if not trouble:
                return
            if monotonic_s() >= deadline:
                url = self.base_url + self.target.ready_path
                raise UnknownProblem(f"the target {self.name!r} is not ready: {url}: {trouble}", next_step=START_HINT)
            pause(0.1)

    def build(self) -> str | None:
        """The sha256 of the running build, or None if the target does not report it."""
        where = self.target.build
        if where is None:
            return None
        try:
            answer = self.get(Operation(path=where.path, method="GET"), {})
            return text_at(msgspec.json.decode(answer.content), where.pointer)
        except (UnknownProblem, msgspec.DecodeError):
            return None

    def get(self, operation: Operation, fields: Mapping[str, str]) -> httpx.Response:
        """A successful read that no cache answered; raises UnknownProblem naming the request for anything else."""
        path = str(fill(resolve(operation.path), fields))
        what = f"{operation.method} {self.base_url}{path}"
        credential = resolve_credential(self.target, operation.role)
        try:
            answer = self._client.request(operation.method, path, headers={"Authorization": credential, **_FRESH})
        except httpx.HTTPError as error:
            trouble = redact(str(error), [credential]) or type(error).__name__
            raise UnknownProblem(f"{what}: {trouble}", next_step=START_HINT) from None
        if not answer.is_success:
            said = f"{what}: returned {described(answer)}: {redact(answer.text, [credential])[:200]}"
            raise UnusableRead(said, answer.status_code)
        age = answer.headers.get("age", "").strip()
        if age.isdecimal() and int(age) > 0:
            raise UnknownProblem(
                f"{what}: a cache answered, {age} s old: it does not show what the service holds now",
                next_step="let the reads of spec.audit reach the service itself",
            )
        return answer

    def accounts(self) -> Accounts:
        """The wallet and the payees that the target's file names; raises UsageProblem naming what is missing."""
        variables = self.target.variables
        for name in ("wallet_id", "payee_ids"):
            if name not in variables:
                raise UsageProblem(
                    f"the target {self.name!r} has no variable {name!r}",
                    next_step="a storm needs a wallet and payees",
                )
        payees = tuple(payee.strip() for payee in resolve(variables["payee_ids"]).split(",") if payee.strip())
        if not payees:
            raise UsageProblem(f"the target {self.name!r}: the variable payee_ids names no payee")
        body = self.target.operations["reserve"].body
        return Accounts(resolve(variables["wallet_id"]), payees, self.target.currency, references=_has_reference(body))

    def _trouble(self) -> str:
        try:
            answer = self._client.get(self.target.ready_path)
        except httpx.HTTPError as error:
            return str(error) or type(error).__name__
        return "" if answer.is_success else f"returned {described(answer)}"


def described(answer: httpx.Response) -> str:
    """The status of an answer, with its media type, and the place to which it redirects."""
    media = answer.headers.get("content-type", "").partition(";")[0].strip()
    place = f", a redirect to {answer.headers.get('location', 'nowhere')}" if answer.has_redirect_location else ""
    return f"{answer.status_code}{f' ({media})' if media else ''}{place}"


def _has_reference(template: Json) -> bool:
    """Whether a body template contains `{reference}`, which differs for every payment."""
    if isinstance(template, dict):
        return any(_has_reference(item) for item in template.values())
    if isinstance(template, list):
        return any(_has_reference(item) for item in template)
    return isinstance(template, str) and "{reference}" in template
