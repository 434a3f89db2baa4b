"""Which number stands at a place of a document? Exactly as it is written, or why there is none. Pure."""

import json
import re
from collections.abc import Hashable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import islice
from pathlib import PurePath
from typing import Any

import msgspec
import yaml

from gates.adapters.shape import Unanswered
from gates.evidence.statement import Measure
from gates.schema.canonical import Json
from gates.schema.outcome import UnknownReason
from gates.schema.pointer import read_pointer
from gates.schema.printable import printable
from gates.schema.soundness import DECIMAL
from gates.schema.source import Place, Request

MOST = 2**53 - 1
_SHOWN, _NEAR = 60, 4
_GROUP = ",.'\u2019_\u00a0\u2009\u202f\u066b\u066c"  # what stands between the digits of one number, by language
_BEFORE = re.compile(rf"(?:\d[{_GROUP}]?|(?<![\w)\]])[-\u2212]\.?|(?<!\w)\.|\d[eE][-+]?)$")
_AFTER = re.compile(rf"[{_GROUP}]?\d|[eE][-+]?\d|[xXoObB][\da-fA-F]")
_YAML = (".yaml", ".yml")


class Text:
    """A document: its text, and its value where a pointer asks for one."""

    def __init__(self, data: bytes, origin: str) -> None:
        self.origin = origin
        if not data.strip():
            raise Unanswered(UnknownReason.MISSING, f"{origin} is empty")
        try:
            self.text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{origin} is not text in UTF-8") from None
        self._value: Json = None
        self._is_parsed = False

    @property
    def value(self) -> Json:
        """The JSON or YAML value; every number is the text that it is written as."""
        if not self._is_parsed:
            is_yaml = PurePath(self.origin).suffix.lower() in _YAML
            self._value = _yaml(self.text, self.origin) if is_yaml else read_json(self.text, self.origin)
            self._is_parsed = True
        return self._value

    def at(self, place: Place) -> str | None:
        """The text at a place, None where there is none; raises Unanswered for a pattern that matches several times."""
        if place.pattern is not None:
            match = _match(self.text, place.pattern, self.origin)
            return None if match is None else str(match[1])
        found = read_pointer(self.value, place.pointer or "")
        return None if found is None else _scalar(found)


def read_json(text: str, origin: str) -> Json:
    """A JSON value in which every number is the text that it is written as; raises Unanswered for anything else."""
    try:
        value: Json = json.loads(text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_members)
    except (ValueError, RecursionError):
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{origin} is not JSON: it begins with {_cut(text)}") from None
    return value


def decimal_at(document: Text, place: Place) -> str:
    """The decimal number at a place, as it is written; raises Unanswered where there is none."""
    found, where = document.at(place), where_text(place)
    if found is None:
        raise Unanswered(UnknownReason.MISSING, f"{document.origin} has no value at {where}")
    if place.pattern is not None:
        _require_whole(document.text, place.pattern, document.origin)
    return decimal(found, f"{document.origin} at {where}")


def decimal(text: str, where: str) -> str:
    """The text, if it is a finite decimal number."""
    if not DECIMAL.fullmatch(text):
        raise Unanswered(UnknownReason.MISSING, f"{where}: the value {_cut(text)} is not a finite decimal number")
    return text


def count(text: str, where: str, *, up: bool = False) -> int:
    """A count: a number from 0 on, of which a fraction is rounded down, or `up` where more is worse."""
    exact = Decimal(decimal(text, where))
    if not 0 <= exact <= MOST:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{where}: {_cut(text)} is not a possible count")
    return int(exact.to_integral_value(ROUND_CEILING if up else ROUND_FLOOR))


def measure_at(request: Request, document: Text, value: Place, samples: Place | None, failures: Place | None) -> Measure:
    """The measure whose value and counts stand at these places; without `samples` it is one observation."""
    looked_at = 1 if samples is None else count_at(document, samples)
    failed = None if failures is None else count_at(document, failures, up=True)
    return Measure(decimal_at(document, value), request.unit, samples=looked_at, failures=failed, statistic=request.statistic)


def count_at(document: Text, place: Place, *, up: bool = False) -> int:
    """The count at a place."""
    return count(decimal_at(document, place), f"{document.origin} at {where_text(place)}", up=up)


def where_text(place: Place) -> str:
    """A place in words."""
    return f"the pointer {place.pointer!r}" if place.pattern is None else f"the pattern {place.pattern!r}"


def _members(pairs: list[tuple[str, Json]]) -> Json:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is given twice")
    return members


class _Once(yaml.BaseLoader):
    """Refuses a member that is given twice, of which the last one would win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        names = [name.value for name, _ in node.value if isinstance(name, yaml.ScalarNode)]
        if len(set(names)) != len(names):
            raise yaml.constructor.ConstructorError(None, None, "a member is given twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _yaml(text: str, origin: str) -> Json:
    try:
        value: Json = yaml.load(text, Loader=_Once)  # noqa: S506  # it makes texts, lists and mappings only
    except (yaml.YAMLError, RecursionError, ValueError):
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{origin} is not YAML") from None
    return value


def _require_whole(text: str, pattern: str, origin: str) -> None:
    """Refuse a part of a number: 1 of `1,204`, 204 of the same, 5 of `-5`, 1 of `1e6`."""
    match = _match(text, pattern, origin)
    assert match is not None, "there is a value at this place"
    before, after = _BEFORE.search(text[: match.start(1)][-_NEAR:]), _AFTER.match(text, match.end(1))
    if before or after:
        whole = f"{before[0] if before else ''}{match[1]}{after[0] if after else ''}"
        why = f"takes {_cut(match[1])} out of {_cut(whole)}: it has to match the whole number"
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{origin}: the pattern {pattern!r} {why}")


def _match(text: str, pattern: str, origin: str) -> re.Match[str] | None:
    matches = list(islice((match for match in re.finditer(pattern, text, re.MULTILINE) if match[1]), 2))
    if len(matches) > 1:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{origin} matches the pattern {pattern!r} more than once")
    return matches[0] if matches else None


def _scalar(value: Json) -> str:
    """The text of a value; for a boolean, a list or an object a text that is no number."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()[:_SHOWN]


def _cut(text: str) -> str:
    shown = printable(text[:_SHOWN])
    return repr(shown + "..." if len(text) > _SHOWN else shown)
