"""What the gateway's house does for setups of our own: it makes their tenants, and labels them simulated before they begin."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

import httpx
import msgspec

from gates.schema.errors import UnknownProblem
from gates.schema.reach import trouble_of
from gates.schema.secret import redact
from gates.schema.target import NamedTarget, resolve_base_url, resolve_credential
from gates.schema.tls import ca_environment, tls_for

ROLE = "house_operator"
REASON = "setups of our own, for the launch gates"
_TIMEOUT_S = 10.0


class Bootstrap(msgspec.Struct, frozen=True):
    """A new tenant, and the key with which its first user begins."""

    tenant_id: str
    key: str


class House:
    """The house operator of a running gateway."""

    def __init__(self, named: NamedTarget, nonce: str, environ: Mapping[str, str] | None = None) -> None:
        """`environ` has the address and the key, where they are not in this process's variables."""
        target = named.target
        self.url = resolve_base_url(target, environ)
        self._sent, self._nonce, self._count = resolve_credential(target, ROLE, environ), nonce, 0
        tls = tls_for(self.url, target, ca_environment(named, environ))
        self._http = httpx.Client(base_url=self.url, timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False, verify=tls)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def new_tenant(self, name: str) -> Bootstrap:
        """A simulated tenant with a bootstrap key for an agent and an administrator."""
        made = self._post("/v1/house/bootstrap-keys", {"tenant_name": name, "roles": ["agent", "tenant_admin"], "reason": REASON})
        bootstrap = msgspec.json.decode(made, type=Bootstrap)
        self.label(bootstrap.tenant_id)
        return bootstrap

    def label(self, tenant_id: str) -> None:
        """Say that this tenant's users are simulated ones."""
        self._post(f"/v1/house/tenants/{tenant_id}/cohort", {"cohort": "simulated", "reason": REASON})

    def sign_up(self, mode: str) -> None:
        """Who may make a tenant: `public_signup`, or `managed` (nobody but the house)."""
        self._post("/v1/house/sign-up", {"mode": mode, "domains": [], "reason": REASON})

    def _post(self, path: str, body: dict[str, object]) -> bytes:
        self._count += 1
        headers = {self._sent.name: self._sent.value, "Idempotency-Key": f"setups-{self._nonce}-{self._count:04d}"}
        try:
            answer = self._http.post(path, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise UnknownProblem(f"POST {path}: no answer: {redact(trouble_of(error), (self._sent.value,))}") from None
        if not answer.is_success:
            code = msgspec.json.decode(answer.content, type=_Refused).code if answer.content[:1] == b"{" else ""
            raise UnknownProblem(f"POST {path}: status {answer.status_code} {code}".rstrip())
        return answer.content


class _Refused(msgspec.Struct, frozen=True):
    code: str = ""
