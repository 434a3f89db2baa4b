"""What the types of a target file cannot say: each fault is named with its field, before anything is sent or started."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gates.schema.errors import UsageProblem
from gates.schema.printable import printable

if TYPE_CHECKING:
    from gates.schema.target import Instance, Target

BASE_URL = "GONOGO_BASE_URL"
"""The variable in which a process that gonogo starts finds its own address, and everything that sends to it does, too."""

_OF_THE_PROCESS = re.compile(r"\$\{GONOGO_BASE_URL(:-[^}]*)?\}(/.*)?")
_WAYS = ("pointer", "header", "metric")
_LARGEST = 1 << 20


class _Key(msgspec.Struct, frozen=True):
    kty: str


class _KeySet(msgspec.Struct, frozen=True):
    keys: tuple[_Key, ...]


def require_sound_target(target: "Target", path: Path) -> None:
    """Raise UsageProblem naming the file and every field that is wrong."""
    found = [*_base_url_faults(target), *_path_faults(target), *_instance_faults(target.instance), *_trust_faults(target, path)]
    if found:
        raise UsageProblem("; ".join(f"{path}: {text}" for text in found), next_step="correct the target file")


def _base_url_faults(target: "Target") -> Iterator[str]:
    """A process has a port of its own: what is loaded at another address is another service."""
    if target.process is not None and not _OF_THE_PROCESS.fullmatch(target.base_url):
        yield (
            f"spec.base_url: is {target.base_url!r}, but spec.process starts a service at a port of its own: "
            f"write ${{{BASE_URL}}}, or ${{{BASE_URL}:-http://...}} with an address for when nothing is started"
        )


def _path_faults(target: "Target") -> Iterator[str]:
    """A path without its slash would become part of the host's name, or another host."""
    paths = {f"operations.{name}.path": operation.path for name, operation in target.operations.items()}
    for name in target.audit.__struct_fields__:
        operation = getattr(target.audit, name)
        if hasattr(operation, "path"):
            paths[f"audit.{name}.path"] = operation.path
    paths["ready_path"] = target.ready_path
    for name in ("build", "instance", "commits"):
        if getattr(target, name) is not None:
            paths[f"{name}.path"] = getattr(target, name).path
    for name, value in paths.items():
        if not value.startswith("/"):
            yield f"spec.{name}: {printable(value)!r} does not begin with a slash"


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
