"""The HTTP client of the probes: it calls a service only as the Target file describes it."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self

import httpx
import msgspec

from gates.schema.canonical import Json
from gates.schema.errors import UnknownProblem
from gates.schema.secret import redact
from gates.schema.target import NamedTarget, Operation, UnsetProblem, fill, resolve, resolve_base_url, resolve_credential

OTHER = "other_"
_CHUNK = 64 * 1024


class ServiceProblem(UnknownProblem):
    """The service did not answer, or its response cannot be read: nothing can be measured."""


class NotRun(UnknownProblem):
    """The target file lacks what a probe needs; the text names what to add."""


class Answer(msgspec.Struct, frozen=True):
    """One HTTP response, its body as received."""

    status: int
    headers: httpx.Headers
    body: bytes

    def json(self) -> Json:
        """The body as JSON, or None where it is not JSON."""
        try:
            return json.loads(self.body)  # type: ignore[no-any-return]  # JSON is what json.loads returns
        except ValueError:
            return None

    def member(self, name: str) -> Json:
        """One member of a JSON object body, or None."""
        value = self.json()
        return value.get(name) if isinstance(value, dict) else None

    @property
    def code(self) -> str | None:
        """The problem's stable code, where the body has one."""
        value = self.member("code")
        return value if isinstance(value, str) else None


class TargetClient:
    """One connection to the target, with its credentials and variables from the environment.

    A credential or variable whose environment variable is not set is listed in `missing`, with the reason; using it
    raises NotRun. One that is set and cannot be sent raises UsageProblem at once. `nonce` makes this run's idempotency keys
    unlike any other run's.
    """

    def __init__(
        self, named: NamedTarget, nonce: str, *, environ: Mapping[str, str] | None = None, timeout_s: float = 10.0
    ) -> None:
        self.named, self.environ = named, environ
        self.name, self.target = named.name, named.target
        self.missing: dict[str, str] = {}
        self._nonce, self._keys = nonce, 0
        self.credentials = self._known(self.target.credentials, lambda role: resolve_credential(self.target, role, environ))
        self.fields = self._fields(environ)
        url = resolve_base_url(self.target, environ)
        self._http = httpx.Client(base_url=url, timeout=timeout_s, follow_redirects=False, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

    def fresh_key(self) -> str:
        """An idempotency key that nobody has used."""
        self._keys += 1
        return f"probe-{self._nonce}-{self._keys:06d}"

    def credential(self, role: str) -> str:
        """The Authorization header's value for a role; raises NotRun where the target or the environment has none."""
        if role not in self.credentials:
            raise NotRun(
                self.missing.get(role, f"the target {self.name} has no credential for the role {role!r}"),
                next_step=f"add spec.credentials.{role} to the target file, and export the variable it names",
            )
        return self.credentials[role]

    def own_roles(self) -> tuple[str, ...]:
        """The roles of the target's own tenant, as the file lists them."""
        return tuple(role for role in self.target.credentials if not role.startswith(OTHER))

    def other_roles(self) -> tuple[str, ...]:
        """The credentials of another tenant (named `other_*`), as the file lists them."""
        return tuple(role for role in self.target.credentials if role.startswith(OTHER))

    def send(  # one request, spelled out
        self,
        method: str,
        path: str,
        *,
        authorization: str | None = None,
        keys: Sequence[str] = (),
        body: bytes | None = None,
        content_type: str = "application/json",
        chunked: bool = False,
    ) -> Answer:
        """Send one request exactly as described; each item of `keys` becomes a line of the idempotency header.

        Raises ServiceProblem where no answer came.
        """
        headers = [(self.target.idempotency_header.encode(), key.encode()) for key in keys]
        if authorization is not None:
            headers.append((b"Authorization", authorization.encode()))
        if body is not None:
            headers.append((b"Content-Type", content_type.encode()))
        content = _pieces(body) if body is not None and chunked else body
        try:
            answer = self._http.request(method, path, headers=headers, content=content)
        except httpx.HTTPError as error:
            raise ServiceProblem(
                f"{method} {path}: no answer from {self.name}: {type(error).__name__}: {self.redact(str(error))}",
                next_step="check that the service runs and that the target's base_url is right",
            ) from None
        return Answer(answer.status_code, answer.headers, answer.content)

    def perform(
        self,
        operation: Operation,
        fields: Mapping[str, str],
        *,
        role: str | None = None,
        keys: Sequence[str] | None = None,
    ) -> Answer:
        """Send one of the target's operations; a mutation gets a fresh key unless `keys` says otherwise."""
        everything = {**self.fields, **fields}
        body = None if operation.body is None else json.dumps(fill(operation.body, everything)).encode()
        if keys is None:
            keys = () if operation.method == "GET" else (self.fresh_key(),)
        authorization = self.credential(role or operation.role)
        path = without_empty_query(fill_text(operation.path, everything))
        return self.send(operation.method, path, authorization=authorization, keys=keys, body=body)

    def redact(self, text: str) -> str:
        """A text without the credentials of this client."""
        return redact(text, self.credentials.values())

    def _known(self, names: Iterable[str], find: Callable[[str], str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in names:
            try:
                found[name] = find(name)
            except UnsetProblem as problem:
                self.missing[name] = problem.message
        return found

    def _fields(self, environ: Mapping[str, str] | None) -> dict[str, str]:
        templates = self.target.variables
        fields = self._known(templates, lambda name: resolve(templates[name], environ))
        if "payee_ids" in fields:
            fields.setdefault("payee_id", fields["payee_ids"].split(",")[0])
        return {"currency": self.target.currency, **fields}


def fill_text(template: str, fields: Mapping[str, str]) -> str:
    """`fill` for one text."""
    text = fill(template, fields)
    assert isinstance(text, str), "a text stays a text"
    return text


def without_empty_query(path: str) -> str:
    """Drop `name=` from a query: a first page has no cursor yet."""
    bare, mark, query = path.partition("?")
    kept = "&".join(part for part in query.split("&") if not part.endswith("="))
    return f"{bare}{mark}{kept}" if kept else bare


def _pieces(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _CHUNK):
        yield body[start : start + _CHUNK]
