"""Our entry into a JSON file, and out of it again, in the file's own style."""

import json

from tree_sitter import Node

from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.hosts.edits import Edit
from gateway.setup.hosts.entry import Entry, is_ours
from gateway.setup.hosts.json_text import JsonText, Member

_UNIT = "  "


def insertion(text: JsonText, container: str, name: str, entry: Entry) -> tuple[Edit, ...]:
    """The edits that make the file hold the entry: none where it holds it already.

    Raises SetupProblem(host_file_shape) or SetupProblem(host_foreign_entry).
    """
    _require_object(text, text.top, "the file")
    style = _Style(text)
    servers = text.member(text.top, container)
    if servers is None:
        return style.append(text.top, container, {name: entry})
    _require_object(text, servers.value, repr(container))
    there = text.member(servers.value, name)
    if there is None:
        return style.append(servers.value, name, entry)
    found = text.value_of(there.value)
    if found == entry:
        return ()
    _require_ours(text, there, found)
    written = style.written(entry, there.start)
    return (Edit(there.value.start_byte, there.value.end_byte - there.value.start_byte, written),)


def removal(text: JsonText, container: str, name: str) -> tuple[Edit, ...]:
    """The edits that take our entry out: none where there is none; raises SetupProblem(host_foreign_entry)."""
    servers = text.member(text.top, container) if text.top.type == "object" else None
    if servers is None or servers.value.type != "object":
        return ()
    there = text.member(servers.value, name)
    if there is None:
        return ()
    _require_ours(text, there, text.value_of(there.value))
    members = text.members(servers.value)
    place = next(index for index, member in enumerate(members) if member.start == there.start)
    if (after := text.comma_after(there.end, servers.value.end_byte)) is not None:
        if not text.raw[there.end : after].strip():
            return (_cut(text.raw, there.start, after + 1),)
        return (_cut(text.raw, there.start, there.end), Edit(after, 1, ""))
    if place == 0:
        return (_cut(text.raw, there.start, there.end),)
    before = text.plain.index(b",", members[place - 1].end)
    return (Edit(before, 1, ""), _cut(text.raw, there.start, there.end))


def _require_object(text: JsonText, node: Node, what: str) -> None:
    if node.type != "object":
        raise SetupProblem(SetupCode.HOST_FILE_SHAPE, f"{text.place(node.start_byte)}: {what} is {node.type}, not an object")


def _require_ours(text: JsonText, there: Member, found: object) -> None:
    if not is_ours(found):
        detail = f"{text.place(there.start)}: {there.name!r} starts something other than `gonogo mcp serve`"
        raise SetupProblem(SetupCode.HOST_FOREIGN_ENTRY, detail)


def _cut(raw: bytes, start: int, end: int) -> Edit:
    """Take out a stretch: with its whole lines where it fills them, else with the blanks before it."""
    line = raw.rfind(b"\n", 0, start) + 1
    rest = raw[end:].split(b"\n", 1)[0]
    if line and not raw[line:start].strip() and not rest.strip():
        start, end = line - 1, end + len(rest.rstrip(b"\r"))
        start -= raw[start - 1 : start] == b"\r"
    else:
        start = len(raw[:start].rstrip(b" \t"))
    return Edit(start, end - start, "")


class _Style:
    """How the file is laid out: its line ends, its indentation, and whether it is written on one line."""

    def __init__(self, text: JsonText) -> None:
        self._text = text
        self._newline = "\r\n" if b"\r\n" in text.raw else "\n"
        members = text.members(text.top)
        self._flat = bool(members) and b"\n" not in text.raw[text.top.start_byte : text.top.end_byte]
        self._unit = (self._prefix(members[0].start) if members else None) or _UNIT

    def written(self, value: object, at: int) -> str:
        """A value as it is written into the line that holds the offset `at`."""
        if self._flat:
            return json.dumps(value, ensure_ascii=False)
        lines = json.dumps(value, ensure_ascii=False, indent=self._unit).split("\n")
        return (self._newline + self._indent(at)).join(lines)

    def append(self, node: Node, name: str, value: object) -> tuple[Edit, ...]:
        """The member as the last one of an object."""
        members = self._text.members(node)
        if not members:
            return (self._first(node, name, value),)
        last = members[-1]
        if self._prefix(last.start) is None and (self._flat or len(members) > 1):
            pair = f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"
            return (Edit(last.end, 0, f", {pair}"),)
        comma = self._text.comma_after(last.end, node.end_byte)
        at = last.end if comma is None else comma + 1
        after = self._past_comment(at, node.end_byte)
        line = self._newline + self._indent(last.start)
        pair = f"{line}{json.dumps(name)}: {self.written(value, last.start)}"
        if comma is not None:
            return (Edit(after, 0, f"{pair},"),)
        return (Edit(at, 0, f",{pair}"),) if after == at else (Edit(at, 0, ","), Edit(after, 0, pair))

    def _first(self, node: Node, name: str, value: object) -> Edit:
        inside = [item.end_byte for item in self._text.comments if node.start_byte < item.start_byte < node.end_byte]
        at = max([node.start_byte + 1, *inside])
        if self._flat:
            return Edit(at, 0, f"{json.dumps(name)}: {self.written(value, at)}")
        outer = self._indent(node.start_byte)
        line = self._newline + outer + self._unit
        written = json.dumps(value, ensure_ascii=False, indent=self._unit).replace("\n", line)
        closes = b"\n" in self._text.raw[at : node.end_byte]
        return Edit(at, 0, f"{line}{json.dumps(name)}: {written}" + ("" if closes else self._newline + outer))

    def _prefix(self, at: int) -> str | None:
        """The blanks before what stands first in its line; None for what does not."""
        blanks = self._text.raw[self._text.raw.rfind(b"\n", 0, at) + 1 : at]
        return None if blanks.strip() else blanks.decode()

    def _indent(self, at: int) -> str:
        line = self._text.raw[self._text.raw.rfind(b"\n", 0, at) + 1 :]
        return line[: len(line) - len(line.lstrip(b" \t"))].decode()

    def _past_comment(self, at: int, end: int) -> int:
        """Behind a comment that ends the line, so that it stays with what it is about."""
        line = self._text.raw[at:end].split(b"\n", 1)[0]
        inside = [item.end_byte for item in self._text.comments if at <= item.start_byte < at + len(line)]
        return max([at, *inside])
