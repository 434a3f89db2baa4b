"""A probe's report as text, JSON or YAML; all have the same content. Pure."""

from collections.abc import Iterator
from textwrap import wrap

from gates.schema.canonical import canonical_json, canonical_yaml
from loadtests.probe.schema import Report, Said

_WIDTH, _INDENT = 120, " " * 4
_HEADINGS = {
    "understood": "understood",
    "misdescribed": "the target file does not describe the service",
    "unavailable": "the service does not answer as it should",
    "unclear": "not all was understood",
}


def shown(report: Report, output_format: str) -> str:
    """The report in one of the formats `text`, `json` and `yaml`."""
    if output_format == "json":
        return canonical_json(report).decode() + "\n"
    if output_format == "yaml":
        return canonical_yaml(report).decode()
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"target {report.target} at {report.base_url}: {_HEADINGS[report.outcome]}"
    if report.requests:
        yield ""
        yield "what was sent, and what was understood"
        for said in report.requests:
            yield from _request(said)
        yield ""
        yield "what the service shows of it"
        yield from _shows(report)
    if report.unjudged:
        yield ""
        yield "what cannot be judged with this target file, and why"
        for lack in report.unjudged:
            yield f"  {lack.what}: {lack.because}"
            yield from wrap(", ".join(lack.criteria or lack.measures), _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _shows(report: Report) -> Iterator[str]:
    for item in report.read_back:
        yield f"  {item.source}: {item.text}"
    if report.outcome in ("understood", "unclear"):
        if not report.read_back:
            yield "  nothing: spec.audit names no place where it could be read back"
        yield f"  build: {report.build or 'not reported'}"
    yield f"  clock: {report.clock}"
    for text in report.differences:
        yield f"  not as answered: {text}"


def _request(said: Said) -> Iterator[str]:
    if said.again:
        yield f"  {'':8} again with the same key: {_repeat(said)}"
        return
    amount = f", amount {said.amount}" if said.amount else ""
    found = f", id {said.found_id}" if said.found_id else ""
    yield f"  {said.operation:8} {said.request}{amount}: {said.answer}, {said.meaning}{found}, {said.took_ms} ms"


def _repeat(said: Said) -> str:
    if said.same:
        return f"the same answer ({said.answer})"
    return f"another answer ({said.answer})" + (f", first at {said.difference}" if said.difference else "")
