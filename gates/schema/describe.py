"""A source in one line: the adapter, and its query, argument list or path. Pure."""

import shlex
from collections.abc import Callable
from typing import Any

from gates.schema.outcome import Priority
from gates.schema.printable import printable
from gates.schema.source import (
    AttestationSource,
    CommandSource,
    EvidenceSource,
    FileSource,
    HttpSource,
    JunitSource,
    K6Source,
    LocustSource,
    OwnSource,
    Place,
    PrometheusSource,
    RegisterSource,
    SarifSource,
    Source,
    adapter_of,
)


def describe(source: Source) -> str:
    """The source in one line."""
    return printable(f"{adapter_of(source)}: {_WORDS[type(source)](source)}")


def _evidence(source: EvidenceSource) -> str:
    return f"{source.measure} in {source.predicate_type}"


def _prometheus(source: PrometheusSource) -> str:
    over = f" ({source.range.reduce} of {source.range.window})" if source.range else ""
    return f"{source.query}{over}; samples {source.samples}"


def _command(source: CommandSource) -> str:
    return f"{shlex.join(source.argv)}{_at(source.value) if source.value else ': exit code'}"


def _files(source: JunitSource | SarifSource) -> str:
    levels = f", levels {', '.join(source.levels)}" if isinstance(source, SarifSource) else ""
    rules = f", rules {', '.join(source.rules)}" if isinstance(source, SarifSource) and source.rules else ""
    return f"{', '.join(source.paths)}{levels}{rules}{_made(source.run)}"


def _own(source: OwnSource) -> str:
    options = ", ".join(f"{name} {value}" for name, value in sorted(source.options.items()))
    return source.name + (f" ({options})" if options else "")


def _register(source: RegisterSource) -> str:
    return f"{source.register.value}, open items of severity {source.severity}" + (
        "" if source.severity is Priority.P0 else " or worse"
    )


def _at(place: Place) -> str:
    return f" at {place.pointer}" if place.pattern is None else f" matching {place.pattern}"


def _made(run: tuple[str, ...]) -> str:
    return f", made by {shlex.join(run)}" if run else ""


_WORDS: dict[type, Callable[[Any], str]] = {
    EvidenceSource: _evidence,
    PrometheusSource: _prometheus,
    HttpSource: lambda source: f"GET {source.url}{_at(source.value)}",
    CommandSource: _command,
    FileSource: lambda source: f"{source.path}{_at(source.value)}{_made(source.run)}",
    JunitSource: _files,
    K6Source: lambda source: f"{source.path}, {source.metric} {source.number}{_made(source.run)}",
    LocustSource: lambda source: f"{source.path}, {source.name or 'all requests'}{_made(source.run)}",
    SarifSource: _files,
    AttestationSource: lambda source: source.about + (f" with {source.document}" if source.document else ""),
    OwnSource: _own,
    RegisterSource: _register,
}
