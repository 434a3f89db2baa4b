"""The adapter `junit`: the test cases of JUnit XML files, of which a skipped one has not passed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring

from junitparser import Attr, Error, Failure, JUnitXml, JUnitXmlError, Skipped, TestCase, TestSuite

from gates.adapters.files import fetch_files, made_at, one_build, origin_of
from gates.adapters.shape import Adapter, Fetched, Found, Scene, Unanswered
from gates.confidence import plain, round_down
from gates.evidence.statement import Measure
from gates.schema.outcome import UnknownReason
from gates.schema.printable import printable
from gates.schema.source import JunitSource, Request

_NOT_RUN = ("notrun", "skipped", "disabled")
_BAD_STATUS = ("failed", "fail", "error")
_BAD = ("failure", "error")


class _Case(TestCase):
    """A test case, with the attribute in which some tools say that it was not run."""

    status = Attr()


def fetch(source: JunitSource, scene: Scene) -> Fetched:
    """The files."""
    return fetch_files(source, source.paths, scene)


def read(request: Request, fetched: Fetched) -> Found:
    """How many test cases passed, failed and were skipped."""
    source = request.source
    assert isinstance(source, JunitSource), "the table pairs sources and adapters"
    files = {name: tuple(_suites(data, origin_of(fetched, name))) for name, data in fetched.files.items()}
    suites = [suite for found in files.values() for suite in found]
    for name, found in files.items():
        _require_whole(found, origin_of(fetched, name))
    cases = [case for suite in suites for case in suite]
    if not cases:
        raise Unanswered(UnknownReason.MISSING, f"{', '.join(source.paths)}: no test cases")
    failed, skipped = sum(map(_has_failed, cases)), sum(map(_was_skipped, cases))
    build = None
    if source.build_property is not None:
        named = [_property(found, source.build_property) for found in files.values()]
        build = one_build(named, f"the property {source.build_property!r}")
    times = [_timestamps(found) for found in files.values()]
    own = [min(found, default="") or None for found in times]
    time = made_at(source, fetched, own, build, [text for found in times for text in found if text])
    measure = _measure(request, len(cases) - skipped, failed, skipped)
    return Found(measure, build, time, {"files": len(files), "suites": len(suites)})


def _measure(request: Request, ran: int, failed: int, skipped: int) -> Measure:
    if request.unit == "count":
        return Measure(str(failed), "count", samples=ran, skipped=skipped)
    if not ran:
        text = f"all {skipped} test cases were skipped"
        return Measure(None, request.unit, skipped=skipped, unknown=UnknownReason.NOT_RUN, detail=text)
    value = plain(round_down(Fraction(ran - failed, ran)))
    return Measure(value, request.unit, samples=ran, failures=failed, skipped=skipped)


def _suites(data: bytes, origin: str) -> Iterator[TestSuite]:
    """The outermost suites; one that is nested is read with the one that holds it."""
    if not data.strip():
        raise Unanswered(UnknownReason.MISSING, f"{origin} is empty")
    if b"<!DOCTYPE" in data[:4096] or b"<!ENTITY" in data:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{origin} is not JUnit XML: it has a document type")
    try:
        root: Any = JUnitXml.fromstring(data)
    except (ParseError, JUnitXmlError, ValueError) as error:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{origin} is not JUnit XML: {error}") from None
    _require_inside(data, root, origin)
    yield from [root] if isinstance(root, TestSuite) else root


def _require_inside(data: bytes, root: Any, origin: str) -> None:  # noqa: ANN401  # junitparser types a part of its names
    """Every test case is in a suite and every failure in a test case, and the file holds what its root counts."""
    tree = fromstring(data)  # noqa: S314  # without a document type there are no entities
    suites = [root] if isinstance(root, TestSuite) else list(root)
    cases = [case for suite in suites for case in suite]
    found = [_name(element) for element in tree.iter()]
    if found.count("testcase") > len(cases):
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{origin} has a test case outside of a suite: it is not counted")
    if sum(map(found.count, _BAD)) > sum(len(_results(case)) for case in cases):
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{origin} has a failure or an error outside of a test case")
    _require_counted(tree.attrib, cases, origin)


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _results(case: TestCase) -> list[object]:
    return [result for result in case.result if isinstance(result, Failure | Error)]


def _require_whole(suites: tuple[TestSuite, ...], origin: str) -> None:
    """A suite that counts more than it holds is a part of a report."""
    for suite in suites:
        counted: Any = _Counted.fromelem(suite)  # type: ignore[no-untyped-call]  # the same
        stated = {name: getattr(counted, name) for name in _COUNTS}
        _require_counted(stated, list(suite), f"{origin}: the suite {printable(str(suite.name))!r}")


def _require_counted(stated: Mapping[str, str | None], cases: Sequence[TestCase], who: str) -> None:
    """Each count that is written is one, and no more than what is there."""
    failed = sum(map(_has_failed, cases))
    held = dict(zip(_COUNTS, (len(cases), failed, failed, sum(map(_was_skipped, cases)), len(cases)), strict=True))
    for name, number in held.items():
        text = stated.get(name)
        if text is None:
            continue
        if not _COUNT.fullmatch(text):
            raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{who} states {name}={printable(text[:20])!r}, which is no count")
        if int(text) > number:
            raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{who} states {text} {name} and holds {number}: it is not whole")


_COUNTS = ("tests", "failures", "errors", "skipped", "disabled")
_COUNT = re.compile("[0-9]{1,9}")


class _Counted(TestSuite):
    """A suite with its counts as they are written."""

    tests = Attr()
    failures = Attr()
    errors = Attr()
    skipped = Attr()
    disabled = Attr()


def _has_failed(case: TestCase) -> bool:
    return bool(_results(case)) or _status(case) in _BAD_STATUS


def _was_skipped(case: TestCase) -> bool:
    if _has_failed(case):
        return False
    is_marked = any(isinstance(result, Skipped) for result in case.result)
    return is_marked or _status(case) in _NOT_RUN


def _status(case: TestCase) -> str:
    return str(getattr(_Case.fromelem(case), "status", None) or "").lower()  # type: ignore[no-untyped-call]  # the same


def _timestamps(suites: tuple[TestSuite, ...]) -> list[str]:
    """The earliest that each suite names; "" for one that names none."""
    return [min((str(one.timestamp) for one in _with_inner(suite) if one.timestamp), default="") for suite in suites]


def _property(suites: tuple[TestSuite, ...], name: str) -> str | None:
    """The value of a property of a file's suites."""
    inner = [one for suite in suites for one in _with_inner(suite)]
    values = {str(found.value).strip() for one in inner for found in one.properties() if found.name == name}
    return values.pop() if len(values) == 1 else None


def _with_inner(suite: Any) -> list[Any]:  # noqa: ANN401  # junitparser types a part of its names
    """A suite and those directly inside it."""
    return [suite, *suite.testsuites()]


ADAPTER = Adapter(fetch, read)
