"""What does a service expose? Its `/metrics`, read with Prometheus' own parser: names, types, labels."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from gates.adapters.shape import Unanswered
from gates.adapters.web import get
from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.printable import printable
from gates.schema.written import LARGEST_OUTPUT, read_written
from gates.slo.witness import Selector, Series

_TIMEOUT_S = 10.0
_ADDED = frozenset({"job", "instance"})
"""Labels that Prometheus adds to what it scrapes."""
_SUFFIXES = ("", "_total", "_bucket", "_count", "_sum", "_created", "_info")


class Exposed(msgspec.Struct, frozen=True):
    """All series of a service, by metric, and the type of each metric: counter, gauge, histogram and so on."""

    series: dict[str, tuple[Series, ...]]
    types: dict[str, str]

    def fault(self, wanted: Selector) -> str:
        """Why nothing is selected; "" if something is."""
        found = self.series.get(wanted.metric)
        if found is None:
            return f"the service has no metric {wanted.metric}"
        matchers = tuple(one for one in wanted.matchers if one.label not in _ADDED)
        if any(all(one.fits(series.labels) for one in matchers) for series in found):
            return ""
        names = {label for series in found for label in series.labels}
        strange = sorted(one.label for one in matchers if one.label not in names)
        if strange:
            return f"{wanted.metric} has no label {strange[0]!r}; its labels are {', '.join(sorted(names)) or 'none'}"
        text = ",".join(f'{one.label}{one.operator}"{one.value}"' for one in matchers)
        return f"no series of {wanted.metric} fits {{{text}}}: create it with 0 when the service starts"

    def labels(self, metric: str) -> frozenset[str] | None:
        """The labels of a metric in Prometheus; None where its series differ in them, or where there is none."""
        sets = {frozenset(series.labels) for series in self.series.get(metric, ())}
        return next(iter(sets)) | _ADDED if len(sets) == 1 else None


def read_exposed(place: str) -> Exposed:
    """What the service at a URL exposes, or what a file holds of it.

    Raises UnknownProblem for a service that does not answer with metrics, UsageProblem for a file that holds none.
    """
    if place.startswith(("http://", "https://")):
        return _parsed(_fetched(place), place, UnknownProblem)
    return _parsed(read_written(Path(place), LARGEST_OUTPUT), place, UsageProblem)


def joined(exposed: Iterable[Exposed]) -> Exposed:
    """What several services expose."""
    series: dict[str, tuple[Series, ...]] = {}
    types: dict[str, str] = {}
    for one in exposed:
        types |= one.types
        for name, found in one.series.items():
            series[name] = series.get(name, ()) + found
    return Exposed(series, types)


def _fetched(url: str) -> str:
    try:
        answer = get(url, {}, _TIMEOUT_S)
    except Unanswered as problem:
        raise UnknownProblem(str(problem), next_step="start the service, or give a file with what it exposes") from None
    if answer.status != 200:
        raise UnknownProblem(f"GET {url} answered {answer.status}, not 200", next_step="give the address of its metrics")
    return answer.body.decode("utf-8", errors="replace")


def _parsed(text: str, place: str, problem: type[UnknownProblem] | type[UsageProblem]) -> Exposed:
    series: dict[str, list[Series]] = {}
    types: dict[str, str] = {}
    try:
        for family in text_string_to_metric_families(text):
            types |= {f"{family.name}{suffix}": family.type for suffix in _SUFFIXES}
            for sample in family.samples:
                series.setdefault(sample.name, []).append(Series(sample.name, _texts(sample.labels)))
    except (ValueError, KeyError, IndexError) as error:
        raise problem(f"{place}: not metrics in Prometheus' text format: {printable(str(error)[:200])}") from None
    if not series:
        raise problem(f"{place}: holds no metric")
    return Exposed({name: tuple(found) for name, found in series.items()}, types)


def _texts(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if value}
