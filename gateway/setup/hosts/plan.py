"""What would change in a host's file: pure, so that the same file gives the same bytes of the plan."""

from typing import Any

import msgspec

from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.hosts import json_edit, toml_edit
from gateway.setup.hosts.edits import Edit, changed, digest
from gateway.setup.hosts.entry import Entry, Server, entry_of
from gateway.setup.hosts.json_text import JsonText
from gateway.setup.hosts.table import BY_ID, Format, Host

LARGEST = 64 * 1024 * 1024
"""Bytes of a host's file; some hosts keep their history in it."""


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The edits of one file, guarded by the hashes of what it was and will be; `before_sha256` is None for a new file."""

    host: str
    file: str
    name: str
    before_sha256: str | None
    after_sha256: str
    edits: tuple[Edit, ...]


def insert_plan(host: Host, file: str, name: str, server: Server, content: bytes | None) -> Plan:
    """The plan that brings our entry in; raises SetupProblem, and then nothing may be changed."""
    entry, raw = entry_of(host, server), content or b""
    if not raw.strip():
        edits: tuple[Edit, ...] = (Edit(0, len(raw), _new_file(host, name, entry)),)
    elif host.format is Format.TOML:
        edits = toml_edit.insertion(raw, host.container, name, entry)
    else:
        edits = json_edit.insertion(_json(host, raw), host.container, name, entry)
    return _checked(host, file, name, content, edits, entry)


def removal_plan(host: Host, file: str, name: str, content: bytes) -> Plan:
    """The plan that takes our entry out; raises SetupProblem, and then nothing may be changed."""
    if not content.strip():
        edits: tuple[Edit, ...] = ()
    elif host.format is Format.TOML:
        edits = toml_edit.removal(content, host.container, name)
    else:
        edits = json_edit.removal(_json(host, content), host.container, name)
    return _checked(host, file, name, content, edits, None)


def snippet(host: Host, name: str, server: Server) -> str:
    """The same entry for people to paste."""
    return _new_file(host, name, entry_of(host, server))


def require_only_ours(plan: Plan, before: bytes, after: bytes) -> None:
    """All else is as it was, in meaning too; raises SetupProblem(host_file_shape) where the two parse to something else."""
    host = BY_ID[plan.host]
    was, now = _value(host, before), _value(host, after)
    for value in (was, now):
        servers = value.get(host.container) if isinstance(value, dict) else None
        if isinstance(servers, dict):
            servers.pop(plan.name, None)
            if not servers:
                value.pop(host.container)
    if was != now:
        raise SetupProblem(SetupCode.HOST_FILE_SHAPE, "the change would alter more than our entry")


def _checked(host: Host, file: str, name: str, content: bytes | None, edits: tuple[Edit, ...], entry: Entry | None) -> Plan:
    before = content or b""
    after = changed(before, edits)
    plan = Plan(host.id, file, name, None if content is None else digest(content), digest(after), edits)
    require_only_ours(plan, before, after)
    value = _value(host, after)
    servers = value.get(host.container) if isinstance(value, dict) else None
    assert (servers.get(name) if isinstance(servers, dict) else None) == entry, "the edits do what they are for"
    return plan


def _new_file(host: Host, name: str, entry: Entry) -> str:
    if host.format is Format.TOML:
        return toml_edit.insertion(b"", host.container, name, entry)[0].insert
    text = msgspec.json.format(msgspec.json.encode({host.container: {name: entry}}), indent=2).decode()
    return text + "\n"


def _json(host: Host, raw: bytes) -> JsonText:
    return JsonText(raw, comments=host.format is Format.JSONC, bom=host.reads_bom)


def _value(host: Host, raw: bytes) -> Any:  # noqa: ANN401  # whatever a file may hold
    if not raw.strip():
        return {}
    return toml_edit.load(raw) if host.format is Format.TOML else _json(host, raw).value
