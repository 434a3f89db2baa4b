"""Where the members of a JSON file stand: offsets from a grammar, values from the standard library, which must agree."""

import json
import re
from typing import Any, NoReturn

import msgspec
import tree_sitter_json
from tree_sitter import Language, Node, Parser

from gateway.setup.failures import SetupCode, SetupProblem

_PARSER = Parser(Language(tree_sitter_json.language()))
_TRAILING = re.compile(rb",(?=\s*[}\]])")
BOM = b"\xef\xbb\xbf"


class Member(msgspec.Struct, frozen=True):
    """A member of an object: its name, and the offsets of the whole and of its value."""

    name: str
    start: int
    end: int
    value: Node


class JsonText:
    """A file's bytes, the same with comments and trailing commas blanked, and what they hold."""

    def __init__(self, raw: bytes, *, comments: bool, bom: bool = False) -> None:
        """Raises SetupProblem(host_file_unparsable), with line and column, for what its host would not read."""
        _require_utf8(raw)
        if raw.startswith(BOM) and not bom:
            raise SetupProblem(SetupCode.HOST_FILE_UNPARSABLE, "line 1, column 1: it begins with a byte order mark")
        self.raw = raw
        seen = raw.replace(BOM, b"   ", 1) if raw.startswith(BOM) else raw
        found = _PARSER.parse(seen).root_node
        self.comments = _comments(found) if comments else []
        self.plain = _blank(seen, self.comments, found) if comments else seen
        self.value = _load(self.plain)
        root = _PARSER.parse(self.plain).root_node
        if root.has_error:
            raise SetupProblem(SetupCode.HOST_FILE_UNPARSABLE, "it is no single JSON value")
        self.top = next(child for child in root.named_children if child.type != "comment")

    def members(self, node: Node) -> list[Member]:
        """The members of an object, in their order."""
        found = []
        for pair in node.named_children:
            key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
            assert key is not None
            assert value is not None, "the library has read it"
            found.append(Member(json.loads(self.plain[key.start_byte : key.end_byte]), pair.start_byte, pair.end_byte, value))
        return found

    def member(self, node: Node, name: str) -> Member | None:
        """The member of that name; raises SetupProblem(host_file_shape) where there are two: a host reads the last one."""
        found = [member for member in self.members(node) if member.name == name]
        if len(found) > 1:
            raise SetupProblem(SetupCode.HOST_FILE_SHAPE, f"{name!r} is there twice, at {self.place(found[1].start)}")
        return found[0] if found else None

    def value_of(self, node: Node) -> Any:  # noqa: ANN401  # whatever a file may hold
        """The value at a node."""
        return json.loads(self.plain[node.start_byte : node.end_byte])

    def comma_after(self, start: int, end: int) -> int | None:
        """Where the comma after a member is, one before a closing bracket too; None where there is none."""
        at = start
        while at < end:
            if self.plain[at : at + 1] == b",":
                return at
            skipped = next((item.end_byte for item in self.comments if item.start_byte <= at < item.end_byte), None)
            if skipped is None and self.raw[at : at + 1] == b",":
                return at
            if skipped is None and not self.raw[at : at + 1].isspace():
                return None
            at = skipped or at + 1
        return None

    def place(self, offset: int) -> str:
        """An offset as people find it in an editor."""
        return _place(self.raw, offset)


def _require_utf8(raw: bytes) -> None:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise SetupProblem(SetupCode.HOST_FILE_UNPARSABLE, f"{_place(raw, error.start)}: this is not UTF-8") from None


def _load(plain: bytes) -> Any:  # noqa: ANN401  # whatever a file may hold
    try:
        return json.loads(plain, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        detail = f"line {error.lineno}, column {error.colno}: {error.msg}"
    except (ValueError, RecursionError) as error:
        detail = str(error)
    raise SetupProblem(SetupCode.HOST_FILE_UNPARSABLE, detail)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _comments(root: Node) -> list[Node]:
    found, left = [], [root]
    while left:
        node = left.pop()
        if node.type == "comment":
            found.append(node)
        left += node.children
    return sorted(found, key=lambda node: node.start_byte)


def _blank(raw: bytes, comments: list[Node], root: Node) -> bytes:
    """Comments as spaces, line ends kept, then the commas before a closing bracket, unless they stand in a string."""
    plain = bytearray(raw)
    for node in comments:
        text = plain[node.start_byte : node.end_byte]
        plain[node.start_byte : node.end_byte] = re.sub(rb"[^\r\n]", b" ", text)
    strings = _spans(root, "string")
    for comma in [match.start() for match in _TRAILING.finditer(plain)]:
        if not any(start <= comma < end for start, end in strings):
            plain[comma : comma + 1] = b" "
    return bytes(plain)


def _spans(root: Node, kind: str) -> list[tuple[int, int]]:
    found, left = [], [root]
    while left:
        node = left.pop()
        if node.type == kind:
            found.append((node.start_byte, node.end_byte))
        else:
            left += node.children
    return found


def _place(raw: bytes, offset: int) -> str:
    before = raw[:offset]
    line = before.count(b"\n") + 1
    column = len(before[before.rfind(b"\n") + 1 :].decode(errors="replace")) + 1
    return f"line {line}, column {column}"
