"""How are plain values written as block YAML? Byte for byte as PyYAML writes them, which took most of a scorecard's time."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from gates.schema.canonical import Json

WIDTH = 120
_STEP = 2
_LONGEST_KEY = 100
"""Beyond a hundred and some characters PyYAML writes a key in two lines."""

_WORDS = re.compile(r"[A-Za-z](?:[ -\"$-9;-~]|:(?=[!-~]))*(?<! )")
"""Text that stands as it is: no colon before a space, no `#`, no space at its end."""
_BREAKS = frozenset("\n\x85\u2028\u2029")
_MISREAD = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})
_NUMBERLIKE = re.compile(r"[0-9](?:[0-9A-Za-z._+-]|:(?=[0-9A-Za-z]))*")
"""Numbers, digests and times: as they are, or in quotes where a reader of YAML would take them for no text."""


class _Dumper(yaml.SafeDumper):
    """PyYAML without anchors: an artifact never refers to itself."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # PyYAML's signature
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002  # PyYAML's signature
        """Indent list items under their key, as editors and yamllint expect."""
        super().increase_indent(flow, indentless=False)


def block_yaml(value: "Json") -> str:
    """The text of a document with the keys in the order given, every string that could be misread quoted, and a line end."""
    if not value or not isinstance(value, (dict, list)):
        return by_library(value)
    try:
        return "".join(_mapping(value, 0) if isinstance(value, dict) else _sequence(value, 0))
    except _OddKeyError:
        return by_library(value)


def by_library(value: "Json") -> str:
    """The same text as PyYAML writes it."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH, default_flow_style=False)
    return text


class _OddKeyError(Exception):
    """A key that takes more than its place in a line."""


def _mapping(value: "dict[str, Json]", indent: int, begun: str = "") -> Iterator[str]:
    """The lines of a mapping; `begun` is what already stands in the first one."""
    lead = " " * indent
    start = begun or lead
    for key, item in value.items():
        name = _line(key)
        if name is None or not key or len(name) > _LONGEST_KEY or not _BREAKS.isdisjoint(key):
            raise _OddKeyError
        yield f"{start}{name}:"
        start = lead
        if item and isinstance(item, dict):
            yield "\n"
            yield from _mapping(item, indent + _STEP)
        elif item and isinstance(item, list):
            yield "\n"
            yield from _sequence(item, indent + _STEP)
        else:
            yield _scalar(item, indent + len(name) + 2, {key: item}, indent)


def _sequence(value: "list[Json]", indent: int, begun: str = "") -> Iterator[str]:
    """The lines of a list."""
    lead = " " * indent
    start = begun or lead
    for item in value:
        start, now = lead, f"{start}-"
        if item and isinstance(item, dict):
            yield from _mapping(item, indent + _STEP, f"{now} ")
        elif item and isinstance(item, list):
            yield from _sequence(item, indent + _STEP, f"{now} ")
        else:
            yield now
            yield _scalar(item, indent + 2, [item], indent)


def _scalar(value: "Json", column: int, alone: "Json", indent: int) -> str:
    """A value after its key or hyphen, with the space before it; `alone` is what it stands in, with nothing else in it."""
    text = _line(value) if isinstance(value, str) else _short(value)
    if text is not None and column + len(text) <= WIDTH:
        return f" {text}\n"
    within = alone
    for _ in range(indent // _STEP):
        within = {"a": within}
    return by_library(within).split("\n", indent // _STEP)[-1][column - 1 :]


def _short(value: "Json") -> str:
    """A value that is neither text nor holds others."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "{}" if value == {} else "[]" if value == [] else str(value)


def _line(text: str) -> str | None:
    """A text as it stands in a line, if it takes one line wherever it stands."""
    if _WORDS.fullmatch(text) and text.lower() not in _MISREAD:
        return text
    if _NUMBERLIKE.fullmatch(text):
        misread = any(pattern.match(text) for _, pattern in _Dumper.yaml_implicit_resolvers[text[0]])
        return f"'{text}'" if misread else text
    return _line_by_library(text)


@lru_cache(maxsize=4096)
def _line_by_library(text: str) -> str | None:
    written: str = yaml.dump({"a": text}, Dumper=_Dumper, allow_unicode=True, width=len(text) * 10 + WIDTH)
    line = written.removeprefix("a: ").removesuffix("\n")
    return line if _BREAKS.isdisjoint(line) else None
