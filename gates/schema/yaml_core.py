"""YAML by the core schema of 1.2: `NO` and `12:30:00` are text; what readers read differently is refused, with its place."""

import re
from collections.abc import Iterator
from typing import Any, ClassVar, NoReturn

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

LARGEST = 100_000
"""Values in one document, each counted as often as aliases repeat it; the largest document of ours has under 3,000."""

DEEPEST = 64
"""Levels of nesting; no document of ours has a quarter as many."""

_LONGEST_NUMBER = 100
_TAG = "tag:yaml.org,2002:"
_REFUSED = "tag:refused:"
_LEADING_ZERO, _NOT_FINITE = f"{_REFUSED}zero", f"{_REFUSED}finite"
_NUMBER_STARTS = list("-+0123456789.")
_PLAIN = (
    (f"{_TAG}null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    (f"{_TAG}bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    (_LEADING_ZERO, r"[-+]?0[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?", _NUMBER_STARTS),
    (_NOT_FINITE, r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", _NUMBER_STARTS),
    (f"{_TAG}int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", _NUMBER_STARTS),
    (f"{_TAG}float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", _NUMBER_STARTS),
)
"""The plain scalars that are no text (YAML 1.2.2, 10.3.2), and those that are refused."""


class Refused(yaml.MarkedYAMLError):
    """YAML that is not read, with its place and what to write."""


class Unread(str):
    """What is written in the place of a value that is refused: the rest of the document can be looked at all the same."""

    __slots__ = ()


def load_yaml(text: str, refused: list[Refused] | None = None) -> object:
    """The one document in `text`, as mappings, lists, texts, numbers, true, false and null.

    With `refused` each value that is refused by itself, such as a number, is added to that list and stands as an Unread text.

    Raises yaml.YAMLError, with a mark where the fault has a place: also for a key that is doubled or no text, a number with a
    leading zero, `.nan`, a placeholder without quotes, a tag, and nesting, numbers or aliases beyond the limits.
    """
    loader = _Loader(text)
    loader.refused = refused
    try:
        return loader.get_single_data()
    except RecursionError:
        raise Refused(None, None, f"nested deeper than {DEEPEST} levels", loader.get_mark()) from None
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    refused: list[Refused] | None = None
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  # as PyYAML declares it
    yaml_constructors: ClassVar[dict[str | None, Any]] = {}
    yaml_multi_constructors: ClassVar[dict[str | None, Any]] = {}

    def get_single_node(self) -> Node | None:
        """The document's nodes, when they are within the limits."""
        node: Node | None = super().get_single_node()
        if node is not None:
            _limit(node)
        return node

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """A node, and those in it, down to the deepest level."""
        self.depth = getattr(self, "depth", 0) + 1
        if self.depth > DEEPEST:
            _refuse(f"nested deeper than {DEEPEST} levels", self.peek_event().start_mark)  # type: ignore[no-untyped-call]  # PyYAML has no types here
        node: Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _refuse(problem: str, mark: yaml.Mark | None) -> NoReturn:
    raise Refused(None, None, problem, mark)


def _limit(root: Node) -> None:
    """Refuse a document that aliases make larger than it is written, or endless."""
    sizes: dict[int, int] = {}
    open_: set[int] = set()

    def size(node: Node) -> int:
        if id(node) in sizes:
            return sizes[id(node)]
        if id(node) in open_:
            _refuse("an alias repeats what it is part of", node.start_mark)
        open_.add(id(node))
        total = 1 + sum(size(inner) for inner in _inner(node))
        open_.remove(id(node))
        if total > LARGEST:
            _refuse(f"aliases make more than {LARGEST} values of this", node.start_mark)
        sizes[id(node)] = total
        return total

    size(root)


def _inner(node: Node) -> Iterator[Node]:
    if isinstance(node, SequenceNode):
        yield from node.value
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            yield from (key, value)


def _mapping(loader: _Loader, node: MappingNode) -> dict[str, object]:
    found: dict[str, object] = {}
    for key_node, value_node in node.value:
        key = _key(loader, node, key_node, value_node)
        if key in found:
            _refuse(f"the key {key!r} is given twice", key_node.start_mark)
        found[key] = loader.construct_object(value_node, deep=True)
    return found


def _key(loader: _Loader, node: MappingNode, key_node: Node, value_node: Node) -> str:
    """The key, which is a text; a placeholder without its quotes is a mapping to YAML, and is named as what was meant."""
    inner = key_node.value[0][0] if isinstance(key_node, MappingNode) and len(key_node.value) == 1 else key_node
    if node.flow_style and isinstance(inner, ScalarNode) and _is_empty(value_node) and not _quoted(inner):
        shown = f"{{{inner.value}}}"
        _refuse(f'{shown if inner is key_node else f"{{{shown}}}"} without quotes is a mapping: write "{shown}"', node.start_mark)
    if not isinstance(key_node, ScalarNode):
        _refuse("a list or a mapping cannot be a key: write a text", key_node.start_mark)
    key = loader.construct_object(key_node, deep=True)
    if not isinstance(key, str):
        _refuse(f'the key {key_node.value or "null"} is no text: write "{key_node.value}"', key_node.start_mark)
    return key


def _is_empty(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.value == "" and not _quoted(node)


def _quoted(node: ScalarNode) -> bool:
    return node.style is not None


def _refuse_value(loader: _Loader, problem: str, node: ScalarNode) -> Unread:
    """Refuse one value: at once, or with all the others."""
    if loader.refused is None:
        _refuse(problem, node.start_mark)
    loader.refused.append(Refused(None, None, problem, node.start_mark))
    return Unread(loader.construct_scalar(node))


def _number(loader: _Loader, node: ScalarNode) -> int | float | Unread:
    text = str(loader.construct_scalar(node))
    if len(text) > _LONGEST_NUMBER:
        return _refuse_value(loader, f'a number of {len(text)} characters: write a text, "{text[:20]}..."', node)
    try:
        if node.tag == f"{_TAG}int":
            return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
        value = float(text)
    except ValueError:
        return _refuse_value(loader, f"{text[:40]!r} is no number: write the value without a tag", node)
    if value in (float("inf"), float("-inf")):
        return _refuse_value(loader, f'{text} is beyond every number: write a text, "{text}"', node)
    return value


def _text(loader: _Loader, node: ScalarNode) -> str:
    return str(loader.construct_scalar(node))


def _list(loader: _Loader, node: SequenceNode) -> list[object]:
    return list(loader.construct_sequence(node, deep=True))


def _refused_number(loader: _Loader, node: ScalarNode) -> Unread:
    text = str(loader.construct_scalar(node))
    bare = text.lstrip("+-").lstrip("0") or "0"
    sign = "-" if text.startswith("-") else ""
    number = f"{sign}{'0' if bare[0] in '.eE' else ''}{bare}"
    why = f'{text} is read as octal by some and as decimal by others: write {number} for the number, or "{text}" for a text'
    return _refuse_value(
        loader, why if node.tag == _LEADING_ZERO else f'{text} is no number in JSON: write "{text}" for a text', node
    )


def _tagged(_loader: _Loader, node: Node) -> NoReturn:
    _refuse(f"could not determine a constructor for the tag {node.tag!r}: write the value without a tag", node.start_mark)


for _tag, _pattern, _first in _PLAIN:
    _Loader.add_implicit_resolver(_tag, re.compile(rf"(?:{_pattern})\Z"), _first)
_Loader.add_constructor(f"{_TAG}null", lambda _loader, _node: None)
_Loader.add_constructor(f"{_TAG}bool", lambda _loader, node: node.value.lower() == "true")
_Loader.add_constructor(f"{_TAG}int", _number)
_Loader.add_constructor(f"{_TAG}float", _number)
_Loader.add_constructor(f"{_TAG}str", _text)
_Loader.add_constructor(f"{_TAG}seq", _list)
_Loader.add_constructor(f"{_TAG}map", _mapping)
_Loader.add_constructor(_LEADING_ZERO, _refused_number)
_Loader.add_constructor(_NOT_FINITE, _refused_number)
_Loader.add_constructor(None, _tagged)
