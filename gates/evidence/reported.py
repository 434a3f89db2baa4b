"""Which build does the service report? Read as the target's file says: from an answer, from its header, or by a command."""

import os
from collections.abc import Mapping

import httpx
import msgspec

from gates.schema.build import Build, build_sha256
from gates.schema.cached import cache_fault
from gates.schema.credential import resolve_credential, secrets_of
from gates.schema.errors import Problem, UnknownProblem, UsageProblem
from gates.schema.pointer import read_pointer
from gates.schema.printable import printable
from gates.schema.program import ended, last_line, run_program
from gates.schema.reach import connection_hint, trouble_of
from gates.schema.secret import redact
from gates.schema.target import Target, UnsetProblem, command_line, resolve_base_url
from gates.schema.tls import tls_for

_TIMEOUT_S = 10.0
_LIMIT_BYTES = 1 << 16
_PASSING = (408, 425, 429)
_REFUSED = (401, 403)
"""Statuses below 500 that say nothing about the path: the same request may be answered later."""


class WrongBuild(UsageProblem):
    """The target's `build` does not describe the service: no such path, pointer, header or program, or nothing there."""


def read_build(target: Target, environ: Mapping[str, str] | None = None) -> str | None:
    """The sha256 that stands for the running build, None where the target's file does not say where it is reported.

    `environ` (None: this process's) has the credentials, and what `ca_environment` says. Raises WrongBuild naming the member
    that is wrong, UnsetProblem for a credential that is not set, and UnknownProblem where the service, or the command, gave no
    answer that a later attempt would not change.
    """
    where, env = target.build, os.environ if environ is None else environ
    if where is None:
        return None
    try:
        text = _commanded(target, where, env) if where.command else _answered(target, where, env)
    except Problem as problem:
        problem.message = redact(problem.message, secrets_of(target, env))
        raise
    return build_sha256(text)


def _answered(target: Target, where: Build, environ: Mapping[str, str]) -> str:
    answer = _ask(target, str(where.path), environ)
    if where.header is not None:
        found = str(answer.headers.get(where.header, "")).strip()
        if not found:
            raise _wrong("header", f"GET {where.path} answered {answer.status_code} without the header {where.header}")
        return found
    value = _value(answer, str(where.pointer))
    if not isinstance(value, str) or not value.strip():
        shown = "nothing" if value is None else printable(repr(value)[:60])
        raise _wrong("pointer", f"GET {where.path} has {shown} at {where.pointer!r}, but a build is a text")
    return value.strip()


def _ask(target: Target, path: str, environ: Mapping[str, str]) -> httpx.Response:
    role, credential = _caller(target, environ)
    url = resolve_base_url(target, environ) + path
    headers = {**credential, "Cache-Control": "no-cache"}
    try:
        answer = httpx.get(url, headers=headers, timeout=_TIMEOUT_S, trust_env=False, verify=tls_for(url, target, environ))
    except httpx.HTTPError as error:
        problem = f"GET {path} was not answered, so the build is not known: {trouble_of(error)}"
        raise UnknownProblem(problem, next_step=connection_hint(target, error)) from None
    status = answer.status_code
    if status >= 500 or status in _PASSING:
        next_step = "see why the service does not answer as it should, and try again"
        raise UnknownProblem(f"GET {path} answered {status}, so the build is not known", next_step=next_step)
    if role and status in _REFUSED:
        next_step = f"correct spec.credentials.{role} in the target file, or what its variable holds"
        raise WrongBuild(f"spec.credentials.{role}: GET {path} for spec.build answered {status}", next_step=next_step)
    if not answer.is_success:
        raise _wrong("path", f"GET {path}{f' as {role}' if role else ''} answered {status}, and not with the build")
    if fault := cache_fault(answer.headers):
        problem = f"GET {path}: {fault}: it does not show which build runs now"
        raise UnknownProblem(problem, next_step="let the read of spec.build reach the service itself")
    return answer


def _caller(target: Target, environ: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The role that asks, and its header: the operator, else the first role that the environment has a credential for."""
    roles = sorted(target.credentials, key=lambda role: (role != "operator", role.startswith("other_")))
    for number, role in enumerate(roles, 1):
        try:
            return role, resolve_credential(target, role, environ).line
        except UnsetProblem:
            if number == len(roles):
                raise
    return "", {}


def _value(answer: httpx.Response, pointer: str) -> object:
    try:
        return read_pointer(msgspec.json.decode(answer.content), pointer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        path = answer.request.url.path
        raise _wrong("pointer", f"GET {path} answered {answer.status_code} with a body that is not JSON") from None


def _commanded(target: Target, where: Build, environ: Mapping[str, str]) -> str:
    words = command_line(where.command, {"base_url": resolve_base_url(target, environ)})
    try:
        done = run_program(words, environ, timeout_s=where.timeout_s, limit=_LIMIT_BYTES, own_session=True)
    except UsageProblem as problem:
        raise _wrong("command", problem.message) from None
    except UnknownProblem as problem:
        next_step = "correct spec.build.command in the target file, or raise spec.build.timeout_s"
        raise UnknownProblem(f"spec.build.command: {problem.message}", next_step=next_step) from None
    if done.code:
        failed = f"spec.build.command: {printable(words[0])} {ended(done.code)}{last_line(done.stderr)}"
        raise UnknownProblem(failed, next_step="run it by hand, and see why it fails")
    found = done.stdout.decode(errors="surrogateescape").strip()
    if not found:
        raise _wrong("command", f"{printable(words[0])} ended with exit code 0 and wrote nothing")
    return found


def _wrong(member: str, text: str) -> WrongBuild:
    return WrongBuild(f"spec.build.{member}: {text}", next_step=f"correct spec.build.{member} in the target file")
