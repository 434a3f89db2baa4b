"""What the types of a target file cannot say: each fault is named with its field, before anything is sent or started."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from gates.schema.build import build_faults
from gates.schema.errors import UsageProblem
from gates.schema.printable import printable
from gates.schema.sending_checks import path_fault, sending_faults
from gates.schema.tls import require_certificates

if TYPE_CHECKING:
    from gates.schema.target import Instance, Target

BASE_URL = "GONOGO_BASE_URL"
"""The variable in which a process that gonogo starts finds its own address, and everything that sends to it does, too."""

_OF_THE_PROCESS = re.compile(r"\$\{GONOGO_BASE_URL(:-[^}]*)?\}(/.*)?")
_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?")
_PRINTED = re.compile("[!-~]+")
_WAYS = ("pointer", "header", "metric")
_LARGEST = 1 << 20


class _Key(msgspec.Struct, frozen=True):
    kty: str


class _KeySet(msgspec.Struct, frozen=True):
    keys: tuple[_Key, ...]


def require_sound_target(target: "Target", path: Path, name: str) -> None:
    """Raise UsageProblem naming the file and every field that is wrong."""
    found = [
        *_name_faults(name),
        *_base_url_faults(target),
        *_candidate_faults(target),
        *_command_faults(target),
        *_path_faults(target),
        *_instance_faults(target.instance),
        *(f"spec.{where}: {text}" for where, text in (*build_faults(target.build), *sending_faults(target))),
        *_trust_faults(target, path),
        *_ca_faults(target, path),
    ]
    if found:
        raise UsageProblem("\n".join(f"{path}: {text}" for text in found), next_step="correct the target file")


def _name_faults(name: str) -> Iterator[str]:
    """Weeks are kept by the target's name: two names that look the same would be two histories."""
    if not _NAME.fullmatch(name):
        what = printable(ascii(name))
        yield f"metadata.name: {what} is not a name of at most 63 lower-case letters a to z, digits, and . _ - between them"


def _base_url_faults(target: "Target") -> Iterator[str]:
    """A process has a port of its own: what is loaded at another address is another service."""
    if "${" not in target.base_url and (fault := base_url_fault(target.base_url)):
        yield f"spec.base_url: {fault[0]}"
    if target.process is not None and not _OF_THE_PROCESS.fullmatch(target.base_url):
        yield (
            f"spec.base_url: is {target.base_url!r}, but spec.process starts a service at a port of its own: "
            f"write ${{{BASE_URL}}}, or ${{{BASE_URL}:-http://...}} with an address for when nothing is started"
        )


def _candidate_faults(target: "Target") -> Iterator[str]:
    """A candidate takes the place of the service: it listens where that did, and reads what that wrote."""
    process = target.process
    if process is None or not process.candidate:
        return
    if process.candidate == process.start:
        yield "spec.process.candidate: is the same as `start`: it has to run another release"
    for field in ("{port}", "{db}"):
        if any(field in word for word in process.start) and not any(field in word for word in process.candidate):
            yield f"spec.process.candidate: has no {field}, which `start` has"


def _command_faults(target: "Target") -> Iterator[str]:
    """A command about one key has to say which."""
    for name, field in (("revoke_key", "{keyid}"), ("copy_key", "{key_file}")):
        words: tuple[str, ...] = getattr(target.commands, name)
        if words and not any(field in word for word in words):
            yield f"spec.commands.{name}: has no {field}, which gonogo fills in"


def base_url_fault(url: str) -> tuple[str, str] | None:
    """Why a URL is not the address of a service, and what to do; None where it is one. Never the URL: it may hold a password."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not _PRINTED.fullmatch(url):
        return "is not a URL of http or https", ""
    if "@" in parts.netloc:
        advice = "send them as a credential: spec.credentials.ROLE: {user: ..., password: ${VARIABLE}}"
        return "holds a user name or a password", advice
    if "?" in url or "#" in url:
        return "holds a query or a fragment, which no request would have", "write a query into the path of each operation"
    return None


def _path_faults(target: "Target") -> Iterator[str]:
    """A path without its slash would become part of the host's name, or another host."""
    if target.audit.ledger is not None and target.audit.settlements is not None:
        yield "spec.audit: has `ledger` and `settlements`: keep one; a ledger shows more"
    paths = {"ready_path": target.ready_path}
    for name in ("instance", "commits"):
        if getattr(target, name) is not None:
            paths[f"{name}.path"] = getattr(target, name).path
    for name, value in paths.items():
        if fault := path_fault(value):
            yield f"spec.{name}: {fault}"


def _instance_faults(instance: "Instance | None") -> Iterator[str]:
    if instance is None:
        return
    given = [name for name in _WAYS if getattr(instance, name)]
    if len(given) != 1:
        yield f"spec.instance: needs exactly one of {', '.join(_WAYS)}, and has {' and '.join(given) or 'none'}"


def _trust_faults(target: "Target", path: Path) -> Iterator[str]:
    """A file that a variable names is read where it is needed: the variable may come from the seed command."""
    name = target.audit.trust_file
    if name is None or "${" in name:
        return
    try:
        require_key_set(path.parent / name)
    except UsageProblem as problem:
        yield problem.message


def _ca_faults(target: "Target", path: Path) -> Iterator[str]:
    """A file that a variable names is read where it is needed."""
    if target.ca_file is None or "${" in target.ca_file:
        return
    try:
        require_certificates(path.parent / target.ca_file)
    except UsageProblem as problem:
        yield problem.message


def require_key_set(path: Path) -> Path:
    """The path itself, if it is a JWKS with at least one key; raises UsageProblem naming `spec.audit.trust_file` otherwise."""
    fault = _key_set_fault(path)
    if fault:
        raise UsageProblem(
            f"spec.audit.trust_file: {printable(str(path))}: {fault}",
            next_step="save the service's key set there, from a source that you trust",
        )
    return path


def _key_set_fault(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        keys = msgspec.json.decode(data, type=_KeySet).keys
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return f"is not a JWKS: {printable(str(error))}"
    return "" if keys else "is a JWKS without a key"
