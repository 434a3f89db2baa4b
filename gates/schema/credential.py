"""How a caller says who it is: the header of a role, as a target file describes it and as it is sent."""

import base64
import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from gates.schema.errors import UsageProblem
from gates.schema.operation import Role
from gates.schema.secret import header_fault
from gates.schema.template import UnsetProblem, resolve, variables_in

if TYPE_CHECKING:
    from gates.schema.target import Target

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""The name of a header or a method (RFC 9110, 5.6.2)."""

_NOT_CREDENTIALS = frozenset(("content-type", "content-length", "host", "transfer-encoding", "connection"))


class Credential(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A credential that is not simply the value of `Authorization`: `user` and `password` (HTTP Basic), or `header` and `value`.

    The password may be empty, as for services whose key is the user's name.
    """

    user: str | None = None
    password: str | None = None
    header: str | None = None
    value: str | None = None


class SentHeader(msgspec.Struct, frozen=True):
    """A header that is sent as a credential; its value is secret."""

    value: str
    name: str = "Authorization"

    @property
    def line(self) -> dict[str, str]:
        """The header, for a mapping of headers."""
        return {self.name: self.value}


def credential_faults(credential: Credential | str) -> Iterator[str]:
    """Why a credential cannot be sent whatever its variables hold: not the value."""
    if isinstance(credential, str):
        return
    basic = credential.user is not None or credential.password is not None
    other = credential.header is not None or credential.value is not None
    if basic == other:
        yield "needs user and password, or header and value"
    elif basic and credential.user is None:
        yield "needs the user that belongs to the password"
    elif other and (credential.header is None or credential.value is None):
        yield f"needs {'header' if credential.header is None else 'value'}"
    elif credential.header is not None and not TOKEN.fullmatch(credential.header):
        yield "has a header that is no name of a header"
    elif (credential.header or "").lower() in _NOT_CREDENTIALS:
        yield f"has the header {credential.header}, which is no credential"


def resolve_credential(target: "Target", role: Role, environ: Mapping[str, str] | None = None) -> SentHeader:
    """The header by which a role is known.

    Raises UsageProblem naming the role or the variable, never the value, where there is none or it cannot be sent.
    """
    where = f"spec.credentials.{role}"
    if role not in target.credentials:
        raise UsageProblem(f"the target has no credential for the role {role!r}", next_step=f"add {where} to the target file")
    described = target.credentials[role]
    sent, fault = _sent(described, environ)
    if fault:
        raise UsageProblem(f"the credential of the role {role!r} {fault}", next_step=f"correct {where} in the target file")
    return sent


def secrets_of(target: "Target", environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Every value that no output may show, as far as the environment has it.

    These are the headers of all credentials, and what a header of an operation takes from the environment.
    """
    env = os.environ if environ is None else environ
    found = []
    for role in target.credentials:
        with contextlib.suppress(UnsetProblem):
            found.append(resolve_credential(target, role, environ).value)
    headers = [operation.headers for operation in target.operations.values()]
    return (*found, *(env[name] for name in variables_in(headers) if env.get(name)))


def _sent(described: Credential | str, environ: Mapping[str, str] | None) -> tuple[SentHeader, str]:
    """The header, and why it cannot be sent."""
    if isinstance(described, str):
        value = resolve(described, environ)
        return SentHeader(value), header_fault(value)
    fault = next(credential_faults(described), "")
    if fault:
        return SentHeader(""), fault
    if described.header is not None:
        value = resolve(described.value or "", environ)
        return SentHeader(value, described.header), header_fault(value)
    user, password = resolve(described.user or "", environ), resolve(described.password or "", environ)
    fault = header_fault(user) or (password and header_fault(password)) or ("has a colon in its user" if ":" in user else "")
    encoded = base64.b64encode(f"{user}:{password}".encode(errors="replace")).decode()
    return SentHeader(f"Basic {encoded}"), fault
