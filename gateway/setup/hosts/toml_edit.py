"""Our entry into a TOML file, and out of it again: a table of its own at the end."""

import tomllib
from typing import Any

import msgspec
import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.hosts.edits import Edit, changed
from gateway.setup.hosts.entry import Entry, is_ours

_PARSER = Parser(Language(tree_sitter_toml.language()))


def load(raw: bytes) -> dict[str, Any]:
    """What a TOML file holds; raises SetupProblem(host_file_unparsable) with line and column."""
    try:
        return tomllib.loads(raw.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SetupProblem(SetupCode.HOST_FILE_UNPARSABLE, str(error)) from None


def insertion(raw: bytes, container: str, name: str, entry: Entry) -> tuple[Edit, ...]:
    """The edits that make the file hold the entry: none where it holds it already.

    Raises SetupProblem(host_file_shape), SetupProblem(host_foreign_entry) or SetupProblem(host_file_unparsable).
    """
    found = _found(raw, container, name)
    if found == entry:
        return ()
    edits = removal(raw, container, name)
    newline = "\r\n" if b"\r\n" in raw else "\n"
    last = b"" if not raw or raw.endswith(b"\n") else newline.encode()
    gap = newline if raw.strip() else ""
    added = Edit(len(raw), 0, last.decode() + gap + _written(container, name, entry, newline))
    if edits and edits[-1].offset + edits[-1].delete == len(raw):
        edits, added = edits[:-1], Edit(edits[-1].offset, edits[-1].delete, gap + _written(container, name, entry, newline))
    both = (*edits, added)
    _require_defined(changed(raw, both), container, name, entry)
    return both


def removal(raw: bytes, container: str, name: str) -> tuple[Edit, ...]:
    """The edits that take our entry's tables out: none where there is none; raises SetupProblem(host_foreign_entry)."""
    if _found(raw, container, name) is None:
        return ()
    nodes = [node for node in _PARSER.parse(raw).root_node.children if node.type == "table"]
    tables = [node for node in nodes if _path(raw, node)[:2] == (container, name)]
    if not tables:
        raise SetupProblem(SetupCode.HOST_FILE_SHAPE, f"{container}.{name} is not written as a table of its own")
    return tuple(_cut(raw, node) for node in tables)


def _found(raw: bytes, container: str, name: str) -> object:
    servers = load(raw).get(container)
    if servers is None:
        return None
    if not isinstance(servers, dict):
        raise SetupProblem(SetupCode.HOST_FILE_SHAPE, f"{container} is not a table")
    for node in _PARSER.parse(raw).root_node.children:
        if node.type == "pair" and _path(raw, node) == (container,):
            detail = f"line {node.start_point.row + 1}, column 1: {container} is written in line, so that nothing can be added"
            raise SetupProblem(SetupCode.HOST_FILE_SHAPE, detail)
    found = servers.get(name)
    if found is not None and not is_ours(found):
        raise SetupProblem(SetupCode.HOST_FOREIGN_ENTRY, f"{container}.{name} starts something other than `gonogo mcp serve`")
    return found


def _path(raw: bytes, node: Node) -> tuple[str, ...]:
    """The key of a table's header, or of a pair, in its parts: read by the library, which knows the quotes."""
    key = next(child for child in node.children if child.type in ("dotted_key", "bare_key", "quoted_key"))
    value: object = tomllib.loads(f"[{raw[key.start_byte : key.end_byte].decode()}]")
    parts = []
    while isinstance(value, dict) and value:
        (part, value), *_ = value.items()
        parts.append(part)
    return tuple(parts)


def _cut(raw: bytes, node: Node) -> Edit:
    """A table from the blank line before it to its last pair; comments after that belong to what follows."""
    last = [child for child in node.children if child.type == "pair"][-1:] or [next(c for c in node.children if c.type == "]")]
    end, start = raw.find(b"\n", last[0].end_byte), node.start_byte
    before = raw[:start].splitlines(keepends=True)
    if before and not before[-1].strip():
        start -= len(before[-1])
    return Edit(start, (len(raw) if end < 0 else end + 1) - start, "")


def _written(container: str, name: str, entry: Entry, newline: str) -> str:
    path = f"{container}.{_key(name)}"
    plain = [f"{key} = {_value(value)}" for key, value in entry.items() if not isinstance(value, dict)]
    tables = [
        line
        for key, value in entry.items()
        if isinstance(value, dict)
        for line in ("", f"[{path}.{key}]", *(f"{_key(inner)} = {_value(item)}" for inner, item in value.items()))
    ]
    return "".join(line + newline for line in (f"[{path}]", *plain, *tables))


def _key(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else _value(name)


def _value(value: object) -> str:
    """A string or an array of strings is written in TOML as in JSON: what JSON escapes, TOML reads."""
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in value)}]"
    return msgspec.json.encode(value).decode()


def _require_defined(content: bytes, container: str, name: str, entry: Entry) -> None:
    try:
        servers = load(content).get(container)
    except SetupProblem:
        servers = None
    if not isinstance(servers, dict) or servers.get(name) != entry:
        raise SetupProblem(SetupCode.HOST_FILE_SHAPE, f"{container} is written in a way that nothing can be added to")
