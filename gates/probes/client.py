"""The HTTP client of the probes: it calls a service only as the Target file describes it."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar

import httpx
import msgspec

from gates.schema.acknowledgement import standing
from gates.schema.canonical import Json
from gates.schema.credential import SentHeader, resolve_credential, secrets_of
from gates.schema.errors import UnknownProblem
from gates.schema.operation import Operation
from gates.schema.reach import connection_hint, trouble_of
from gates.schema.secret import redact
from gates.schema.sending import CONTENT_TYPE, body_bytes, sent_path, sent_values, with_key
from gates.schema.target import NamedTarget, resolve_base_url
from gates.schema.template import UnsetProblem, fill_text, resolve
from gates.schema.tls import ca_environment, tls_for

OTHER = "other_"
_READS = ("GET", "HEAD", "OPTIONS", "TRACE")
_CHUNK = 64 * 1024

Found = TypeVar("Found")


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


def acknowledges(operation: Operation, answer: Answer) -> bool:
    """Whether an answer says that the operation took effect: by its status, its id and its state."""
    media = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return answer.status in operation.success and standing(operation, answer.body, media).type == "ok"


_KEPT_S = 2.0
"""Seconds for which an idle connection is used again. Common servers close it after five (uvicorn, Node.js): a request that is
sent just then gets no answer, and the probe would blame the service."""


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
        self._nonce, self._keys, self._timeout_s = nonce, 0, timeout_s
        self.credentials = self._known(self.target.credentials, lambda role: resolve_credential(self.target, role, environ))
        self.fields = self._fields(environ)
        self._secrets = secrets_of(self.target, environ)
        url = resolve_base_url(self.target, environ)
        tls = tls_for(url, self.target, ca_environment(named, environ))
        kept = httpx.Limits(keepalive_expiry=_KEPT_S)
        self._http = httpx.Client(
            base_url=url, timeout=timeout_s, follow_redirects=False, trust_env=False, verify=tls, limits=kept
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

    def fresh_key(self) -> str:
        """An idempotency key that nobody has used."""
        self._keys += 1
        return f"probe-{self._nonce}-{self._keys:06d}"

    def credential(self, role: str) -> SentHeader:
        """The header by which a role is known; raises NotRun where the target or the environment has none."""
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
        credential: SentHeader | None = None,
        keys: Sequence[str] = (),
        body: bytes | None = None,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        chunked: bool = False,
        timeout_s: float | None = None,
    ) -> Answer:
        """Send one request exactly as described; each item of `keys` becomes a line of the idempotency header.

        Where the target takes the key in a field of the body, the first one stands there.

        Raises ServiceProblem where no answer came; within `timeout_s` where that is less than the client's own limit.
        """
        lines = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        field = self.target.idempotency_field
        if field is None:
            lines += [(self.target.idempotency_header.encode(), key.encode()) for key in keys]
        elif method not in _READS:
            body = with_key(body, field, keys[0] if keys else None)
        if credential is not None:
            lines.append((credential.name.encode(), credential.value.encode()))
        if body is not None:
            lines.append((b"Content-Type", content_type.encode()))
        content = _pieces(body) if body is not None and chunked else body
        try:
            limit = self._timeout_s if timeout_s is None else min(self._timeout_s, timeout_s)
            answer = self._http.request(method, path, headers=lines, content=content, timeout=limit)
        except httpx.HTTPError as error:
            raise ServiceProblem(
                f"{method} {path}: no answer from {self.name}: {type(error).__name__}: {self.redact(trouble_of(error))}",
                next_step=connection_hint(self.target, error),
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
        values = sent_values(self.target, {**self.fields, **fields})
        if keys is None:
            keys = () if operation.method == "GET" else (self.fresh_key(),)
        return self.send(
            operation.method,
            without_empty_query(sent_path(operation, values, self.environ)),
            credential=self.credential(role or operation.role),
            keys=keys,
            body=body_bytes(self.target, operation, values, environ=self.environ),
            content_type=CONTENT_TYPE[operation.body_format],
            headers={name: fill_text(text, values, self.environ) for name, text in operation.headers.items()},
        )

    def redact(self, text: str) -> str:
        """A text without the credentials of this client."""
        return redact(text, self._secrets)

    def _known(self, names: Iterable[str], find: Callable[[str], Found]) -> dict[str, Found]:
        found: dict[str, Found] = {}
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


def without_empty_query(path: str) -> str:
    """Drop `name=` from a query: a first page has no cursor yet."""
    bare, mark, query = path.partition("?")
    kept = "&".join(part for part in query.split("&") if not part.endswith("="))
    return f"{bare}{mark}{kept}" if kept else bare


def _pieces(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _CHUNK):
        yield body[start : start + _CHUNK]
