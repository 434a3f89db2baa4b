"""Which series does a selector count? For each side of a ratio one series with labels that fit, for generated tests."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import promql_parser

from gates.schema.errors import UsageProblem
from gates.slo.document import Slo

_PIECES = ((r"\\d|\[0-9\]", "0"), (r"\[a-z\]|\[a-zA-Z\]", "a"), (r"\.[*+]", "x"), (r"[*+?]", ""), (r"\.", "0"))
_OPERATORS = {"=": True, "!=": False, "=~": True, "!~": False}


class Matcher(msgspec.Struct, frozen=True):
    """One matcher of a selector: label, operator and value."""

    label: str
    operator: str
    value: str

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether a series with these labels passes; a label that is not there is an empty text."""
        found = labels.get(self.label, "")
        equal = found == self.value if "~" not in self.operator else re.fullmatch(self.value, found) is not None
        return equal == _OPERATORS[self.operator]


class Selector(msgspec.Struct, frozen=True):
    """A selector taken apart."""

    metric: str
    matchers: tuple[Matcher, ...]

    def fits(self, series: "Series") -> bool:
        """Whether it selects a series."""
        return self.metric == series.metric and all(matcher.fits(series.labels) for matcher in self.matchers)


class Series(msgspec.Struct, frozen=True):
    """One series."""

    metric: str
    labels: dict[str, str]

    def __str__(self) -> str:
        inside = ",".join(f'{name}="{value}"' for name, value in sorted(self.labels.items()))
        return f"{self.metric}{{{inside}}}"


class Counters(msgspec.Struct, frozen=True):
    """The series of one SLO. `side` is the document's bad or good counter, `rest` what else its total selects.

    With `overlap` the side is part of the total, so `rest` counts only the others; without it `rest` counts everything.
    """

    side: Series
    rest: Series
    overlap: bool
    counts_bad: bool


def selector(query: str) -> Selector:
    """A document's query taken apart."""
    parsed = promql_parser.parse(query)
    assert isinstance(parsed, promql_parser.VectorSelector), "documents hold plain selectors"
    return selector_of(parsed)


def selector_of(parsed: promql_parser.VectorSelector) -> Selector:
    """A parsed selector taken apart."""
    assert parsed.name is not None, "with the name of a metric"
    matchers = tuple(Matcher(one.name, _operator(str(one), one.name), one.value) for one in parsed.matchers.matchers)
    return Selector(parsed.name, matchers)


def counters(slo: Slo) -> Counters:
    """One series for each side of the ratio; raises UsageProblem where no labels fit."""
    query = slo.bad or slo.good
    assert query is not None, "a document has one of both"
    side, total = selector(query), selector(slo.total)
    inside = next((one for one in _series(side) if side.fits(one) and total.fits(one)), None)
    of_side = inside or next((one for one in _series(side) if side.fits(one)), None)
    rest = next((one for one in _series(total) if total.fits(one) and not side.fits(one)), None)
    if of_side is None or rest is None:
        fault = f"no example of a series fits {query if of_side is None else slo.total}" + ("" if of_side is None else " alone")
        hint = 'write its regular expressions as alternatives of plain texts, such as code=~"500|502|503"'
        raise UsageProblem(f"{slo.path}: {fault}", next_step=hint)
    return Counters(of_side, rest, inside is not None, slo.bad is not None)


def _operator(text: str, name: str) -> str:
    """The operator of a matcher as it is written: the parser's own type for it shows no text."""
    return next(one for one in ("!=", "=~", "!~", "=") if text.startswith(f"{name}{one}"))


def _series(of: Selector) -> Iterator[Series]:
    """Series that may fit, the simplest first."""
    names = sorted({matcher.label for matcher in of.matchers})
    choices = [_values([matcher for matcher in of.matchers if matcher.label == name]) for name in names]
    for values in itertools.product(*choices):
        yield Series(of.metric, {name: value for name, value in zip(names, values, strict=True) if value})


def _values(matchers: Sequence[Matcher]) -> list[str]:
    """Values of one label that may pass its matchers: what is written, pieces of its patterns, and values that nobody wrote."""
    found = [value for matcher in matchers for value in _examples(matcher)]
    return list(dict.fromkeys([*found, "", "other", "200"]))


def _examples(matcher: Matcher) -> Iterator[str]:
    if matcher.operator == "=":
        yield matcher.value
    elif matcher.operator == "=~":
        for part in matcher.value.strip("^$()").split("|"):
            text = part
            for pattern, value in _PIECES:
                text = re.sub(pattern, value, text)
            yield text.replace("\\", "")
