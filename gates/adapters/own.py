"""The adapter `own`: a source that an installed package reads, by its entry point in the group `gonogo.adapters`."""

import re
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol

from gates.adapters.numbers import decimal
from gates.adapters.shape import LIMIT_BYTES, Adapter, Fetched, Found, Notes, Scene, Unanswered, Value
from gates.evidence.statement import Measure
from gates.schema.build import build_sha256
from gates.schema.canonical import Json
from gates.schema.outcome import UnknownReason
from gates.schema.source import OwnSource, Request

GROUP = "gonogo.adapters"
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")
_TAKEN = ("source.json", "notes.json")


class OwnAdapter(Protocol):
    """What an entry point has to be: a module or an object with these two functions."""

    def fetch(self, options: Mapping[str, Json]) -> Mapping[str, bytes]:
        """The raw answer, as files by name; they are kept."""
        ...

    def read(self, options: Mapping[str, Json], files: Mapping[str, bytes]) -> Value:
        """The value in the raw answer; it may look at nothing else, so that the same files give the same value again."""
        ...


def fetch(source: OwnSource, scene: Scene) -> Fetched:
    """Its raw answer."""
    files = dict(_load(source.name).fetch(source.options))
    for name, data in files.items():
        if not _FILE.fullmatch(name) or name in _TAKEN or not isinstance(data, bytes):
            raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{source.name}: {name!r} is not the name of a raw file, or not bytes")
    if sum(map(len, files.values())) > LIMIT_BYTES:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{source.name} answered more than {LIMIT_BYTES} bytes")
    return Fetched(Notes(scene.now, is_live=True), files)


def read(request: Request, fetched: Fetched) -> Found:
    """The value in it."""
    source = request.source
    assert isinstance(source, OwnSource), "the table pairs sources and adapters"
    found = _load(source.name).read(source.options, fetched.files)
    if not isinstance(found, Value):
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{source.name} returned a {type(found).__name__}, not a Value")
    value = decimal(str(found.value), source.name)
    counts = {"samples": found.samples, "failures": found.failures, "skipped": found.skipped}
    measure = Measure(value, request.unit, statistic=request.statistic, **counts)  # type: ignore[arg-type]  # counts by name
    package = _package(_entry(source.name))
    return Found(measure, None if found.build is None else build_sha256(found.build), found.time, {"package": package})


def _load(name: str) -> OwnAdapter:
    found: OwnAdapter = _entry(name).load()
    return found


def _entry(name: str) -> EntryPoint:
    found = tuple(entry_points(group=GROUP, name=name))
    if len(found) != 1:
        there = ", ".join(sorted(item.name for item in entry_points(group=GROUP))) or "none"
        text = f"{len(found)} installed adapters are called {name!r}; there are {there}"
        raise Unanswered(UnknownReason.ADAPTER_ERROR, text)
    return found[0]


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown"


ADAPTER = Adapter(fetch, read)
