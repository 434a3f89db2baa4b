"""The ledger of the restored service, read over HTTP and kept in the drill's folder; and what is compared with it."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import httpx
import msgspec

from drills.faults import faults_of
from drills.journal import Event, Status
from drills.restore.compare import Comparison, Restore, compare
from drills.steps.restore import CompareRestored
from drills.storm import Line
from gates.schema.credential import resolve_credential
from gates.schema.errors import UnknownProblem
from gates.schema.ledger import LedgerEntry, NoLedger, entries_in, read_ledger
from gates.schema.target import Target, resolve_base_url
from gates.schema.template import fill_text
from gates.schema.time import parse_duration_s
from gates.schema.tls import tls_for

LEDGER = "restored-ledger.jsonl"
"""The ledger's file in a drill's folder."""

_HISTORY, _BEFORE = "storm/history.jsonl", "storm/before.json"
_TIMEOUT_S = 20.0
READ = "ledger_read"
"""The journal's line about a ledger that was read with traffic on it."""

LOST = "lose_database"
"""The step that ends once the database is seen to be gone."""

BEGAN = ("back_up", "replicate")
"""The steps from which on a database can be restored."""


class _Opening(msgspec.Struct, frozen=True):
    seq: int


def read_restored(target: Target, environ: Mapping[str, str]) -> bytes:
    """Every line of the ledger; raises UnknownProblem if it cannot be read."""
    where = target.audit.ledger
    assert where is not None, "needs.py requires it"
    url = resolve_base_url(target, environ)
    headers = resolve_credential(target, where.role, environ).line
    pages: list[bytes] = []

    with httpx.Client(timeout=_TIMEOUT_S, trust_env=False, verify=tls_for(url, target, environ), headers=headers) as client:

        def page(after: int) -> bytes:
            answer = client.get(url + fill_text(where.path, {"after": str(after)}, environ)).raise_for_status()
            pages.append(answer.content)
            return answer.content

        try:
            for _ in read_ledger(page):
                pass
        except (httpx.HTTPError, NoLedger) as error:
            raise UnknownProblem(f"the restored ledger cannot be read: {error}", next_step="see spec.audit.ledger") from None
    return b"".join(text.rstrip(b"\n") + b"\n" for text in pages if text.strip())


def restore_of(events: Iterable[Event], rpo: str) -> Restore | None:
    """When the backup began and ended, and when the database was lost; None for a drill that did not get so far."""
    known = list(events)
    began = next((event for event in known if event.action in BEGAN and event.status is Status.SUCCEEDED), None)
    lost = next((fault for fault in faults_of(known)), None)
    if began is None or lost is None:
        return None
    begun_ns, ended_ns = (msgspec.convert(began.facts[name], int) for name in ("begun_ns", "ended_ns"))
    read = next((event for event in known if event.action == READ), None)
    gone = next((event for event in known if event.action == LOST and event.status is Status.SUCCEEDED), None)
    return Restore(
        begun_ns,
        ended_ns,
        lost.at_ns,
        int(parse_duration_s(rpo) * 1e9),
        copying=began.action == "replicate",
        until_ns=None if read is None else read.monotonic_ns,
        gone_ns=None if gone is None else gone.monotonic_ns,
    )


def comparison_of(out: Path, step: CompareRestored | None, events: Iterable[Event]) -> Comparison | None:
    """The comparison, from the files in a drill's folder; None where there is nothing to compare."""
    restore = None if step is None else restore_of(events, step.rpo)
    if restore is None or not (out / LEDGER).is_file() or not (out / _HISTORY).is_file():
        return None
    return compare(_lines(out / _HISTORY), _entries(out), restore)


def _entries(out: Path) -> tuple[LedgerEntry, ...]:
    """The ledger's entries since the storm began; where its opening is not known, all of them."""
    try:
        opened = msgspec.json.decode((out / _BEFORE).read_bytes(), type=_Opening).seq
    except (FileNotFoundError, msgspec.MsgspecError):
        opened = 0
    return tuple(entry for entry in entries_in((out / LEDGER).read_bytes()) if entry.seq > opened)


def _lines(path: Path) -> list[Line]:
    data = path.read_bytes()
    return [msgspec.json.decode(raw, type=Line) for raw in data[: data.rfind(b"\n") + 1].splitlines()]
