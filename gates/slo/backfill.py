"""`gonogo slo backfill`: a past for recording rules that are new, or for a Prometheus that is, as blocks of its database."""

import datetime as dt
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.time import format_utc
from gates.slo.document import Slo
from gates.slo.prometheus_api import Prometheus
from gates.slo.promtool import INSTALL, run_tool
from gates.slo.rules import SUFFIX, backfill_file, rule_bytes

_CREATE = ("tsdb", "create-blocks-from")
_LIMIT_S = 7200.0


class Past(msgspec.Struct, frozen=True):
    """From when until when, with a value each so many seconds."""

    begin: dt.datetime
    end: dt.datetime
    every_s: int


def backfill_rules(slos: Sequence[Slo], url: str, past: Past, out: Path) -> tuple[Path, ...]:
    """Let Prometheus evaluate what the SLOs record, over its own past, and write blocks; returns their folders.

    Raises UnknownProblem for a Prometheus that does not answer as one, with promtool's words where that fails, and where it wrote
    nothing: Prometheus has no such past.
    """
    Prometheus(url).instant("vector(1)", past.end)  # promtool says only that it imported no rules
    with tempfile.TemporaryDirectory() as temporary:
        files = []
        for slo in slos:
            path = Path(temporary) / f"{slo.service}-{slo.name}{SUFFIX}"
            path.write_bytes(rule_bytes(backfill_file(slo)))
            files.append(path)
        times = [f"--start={_seconds(past.begin)}", f"--end={_seconds(past.end)}", f"--eval-interval={past.every_s}s"]
        found = _created(out, "rules", f"--url={url}", *times, f"--output-dir={out}", *files)
    if not found:
        span = f"{format_utc(past.begin)} to {format_utc(past.end)}"
        raise UnknownProblem(
            f"Prometheus has none of the counters from {span}", next_step="give a shorter --last, or look at its jobs"
        )
    return found


def backfill_metrics(text: Path, out: Path) -> tuple[Path, ...]:
    """Write the samples of a file in OpenMetrics, each with its time, as blocks; returns their folders.

    Raises UsageProblem with promtool's words for a file that it refuses.
    """
    if not text.is_file():
        raise UsageProblem(
            f"{text}: no such file", next_step="give a file in OpenMetrics whose samples have times and which ends with # EOF"
        )
    return _created(out, "openmetrics", text, out)


def _created(out: Path, *arguments: str | Path) -> tuple[Path, ...]:
    is_new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    before = set(out.iterdir())
    done = run_tool("promtool", INSTALL, (*_CREATE, *arguments), timeout_s=_LIMIT_S)
    if is_new and not any(out.iterdir()):
        out.rmdir()
    if done.code:
        last = (done.text.splitlines() or ["no message"])[-1]
        problem = UsageProblem if arguments[0] == "openmetrics" else UnknownProblem
        raise problem(f"promtool wrote no blocks: {last[-400:]}")
    return tuple(sorted(path for path in out.glob("*") if path not in before and (path / "meta.json").is_file()))


def _seconds(moment: dt.datetime) -> str:
    return str(int(moment.timestamp()))
