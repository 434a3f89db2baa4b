"""What an adapter answers: its raw files, and what they say. Reading the same raw files again gives the same."""

from pathlib import Path

import msgspec

from gates.adapters.shape import Fetched, Found, Notes, Scene, Unanswered
from gates.adapters.table import ADAPTERS
from gates.evidence.recomputed import Recomputed
from gates.evidence.statement import Measure, Status, short_kind
from gates.probes.raw import read_raw
from gates.schema.canonical import canonical_json
from gates.schema.outcome import UnknownReason
from gates.schema.printable import printable
from gates.schema.secret import redact
from gates.schema.source import ADAPTED, REQUEST, VALUE, Request, adapter_of, request_bytes

NOTES = "notes.json"


class Answer(msgspec.Struct, frozen=True):
    """An answer as the child process hands it over."""

    fetched: Fetched
    found: Found


def answer(request: Request, scene: Scene) -> Answer:
    """Query the source, and read what it answered; whatever goes wrong is an answer without a value."""
    adapter = ADAPTERS[adapter_of(request.source)]
    try:
        fetched = adapter.fetch(request.source, scene)
    except Unanswered as problem:
        fetched = without_files(scene.now, problem)
    except Exception as error:  # noqa: BLE001  # an adapter of one's own may raise anything
        fetched = without_files(scene.now, Unanswered(UnknownReason.ADAPTER_ERROR, _raised(error)))
    fetched = _without(scene.secrets, fetched)
    return Answer(fetched, found_in(request, fetched))


def without_files(now: str, problem: Unanswered) -> Fetched:
    """What is kept where nothing was fetched."""
    return Fetched(Notes(now, is_live=True, unknown=problem.reason, detail=problem.detail))


def found_in(request: Request, fetched: Fetched) -> Found:
    """What raw files say; pure."""
    notes = fetched.notes
    if notes.unknown is not None:
        return _nothing(request, Unanswered(notes.unknown, notes.detail))
    try:
        return ADAPTERS[adapter_of(request.source)].read(request, fetched)
    except Unanswered as problem:
        return _nothing(request, problem)
    except Exception as error:  # noqa: BLE001  # an adapter of one's own may raise anything
        return _nothing(request, Unanswered(UnknownReason.ADAPTER_ERROR, _raised(error)))


def status_of(found: Found) -> Status:
    """How a statement ends: an adapter that could not read its answer states that."""
    return "adapter_error" if found.measure.unknown is UnknownReason.ADAPTER_ERROR else "complete"


def raw_files(request: Request, fetched: Fetched) -> dict[str, bytes]:
    """Everything that a measure is computed from, by name."""
    return {REQUEST: request_bytes(request), NOTES: canonical_json(fetched.notes), **fetched.files}


def recompute(folder: Path) -> Recomputed:
    """The measure again, from the raw files in a folder; raises UsageProblem for a file that is missing or malformed."""
    request, notes = read_raw(folder / REQUEST, Request), read_raw(folder / NOTES, Notes)
    names = sorted(path for path in folder.iterdir() if path.is_file() and path.name not in (REQUEST, NOTES))
    found = found_in(request, Fetched(notes, {path.name: path.read_bytes() for path in names}))
    return Recomputed(short_kind(ADAPTED), {VALUE: found.measure}, status_of(found), found.time, found.build)


def _without(secrets: tuple[str, ...], fetched: Fetched) -> Fetched:
    """The same without credentials, which an answer or a message may repeat."""
    if not secrets:
        return fetched
    files = {name: redact(data.decode("latin-1"), map(_latin, secrets)).encode("latin-1") for name, data in fetched.files.items()}
    notes = msgspec.structs.replace(fetched.notes, detail=redact(fetched.notes.detail, secrets))
    return Fetched(notes, files)


def _latin(text: str) -> str:
    """A text as its UTF-8 bytes are seen one by one."""
    return text.encode().decode("latin-1")


def _nothing(request: Request, problem: Unanswered) -> Found:
    return Found(Measure(None, request.unit, unknown=problem.reason, detail=printable(problem.detail)))


def _raised(error: Exception) -> str:
    return f"the adapter raised {type(error).__name__}: {printable(str(error)[:200])}"
