"""Healthy hours for a Prometheus that has just been made: without them a window of an hour holds only what was just seen."""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from drills.child import Pause
from drills.incident.config import Scrape
from gates.schema.errors import UnknownProblem
from gates.schema.rooms import room_argv
from gates.schema.time import monotonic_s
from gates.schema.tls import tls_of

MEASURED_S = 10.0
"""How long the rate of the load is measured."""

_STEP_S, _TIMEOUT_S, _TOOL_S = 15, 5.0, 300
_TOTAL = "_total"

Labels = tuple[tuple[str, str], ...]


class Rate(msgspec.Struct, frozen=True):
    """The labels of one counter, and how much it grows in a second."""

    labels: Labels
    per_s: float


def rates_of(scrape: Scrape, metric: str, pause: Pause) -> tuple[Rate, ...]:
    """How quickly each series of a counter grows under the load that runs; raises UnknownProblem where it has none that does."""
    first, begun = _read(scrape, metric), monotonic_s()
    while monotonic_s() - begun < MEASURED_S:
        pause(0.05)
    second, passed_s = _read(scrape, metric), monotonic_s() - begun
    found = tuple(Rate(labels, (value - first.get(labels, value)) / passed_s) for labels, value in sorted(second.items()))
    if not any(rate.per_s > 0 for rate in found):
        hint = "start the storm before the monitoring, and name a counter of the service in `history_of`"
        raise UnknownProblem(f"no series of {metric} grows, so there is no rate for its history", next_step=hint)
    return found


def put_history(folder: Path, scrape: Scrape, metric: str, rates: tuple[Rate, ...], span: tuple[float, float]) -> None:
    """Write blocks with these counters, from the first to the second moment (seconds since 1970), into a database's folder.

    Raises UnknownProblem with promtool's own words where it fails.
    """
    text = folder.with_name("history.om")
    text.parent.mkdir(parents=True, exist_ok=True)
    with text.open("w", encoding="utf-8") as file:
        file.writelines(_lines(scrape, metric, rates, span))
    argv = room_argv("gates", "slo", "backfill", "--openmetrics", str(text), "--out", str(folder))
    try:
        done = subprocess.run(argv, capture_output=True, timeout=_TOOL_S, check=False)
    except subprocess.TimeoutExpired:
        raise UnknownProblem(f"gonogo slo backfill wrote no history within {_TOOL_S} s") from None
    finally:
        text.unlink(missing_ok=True)
    if done.returncode:
        raise UnknownProblem(f"gonogo slo backfill wrote no history: {done.stderr.decode(errors='replace').strip()[-400:]}")


def _read(scrape: Scrape, metric: str) -> Mapping[Labels, float]:
    try:
        answer = httpx.get(f"{scrape.url}{scrape.path}", timeout=_TIMEOUT_S, trust_env=False, verify=tls_of(scrape.url))
        answer.raise_for_status()
        families = list(text_string_to_metric_families(answer.text))
    except (httpx.HTTPError, ValueError) as error:
        raise UnknownProblem(f"{scrape.path} does not show the service's metrics: {error!r}") from None
    samples = (sample for family in families for sample in family.samples if sample.name == metric)
    return {tuple(sorted(sample.labels.items())): sample.value for sample in samples}


def _lines(scrape: Scrape, metric: str, rates: tuple[Rate, ...], span: tuple[float, float]) -> Iterator[str]:
    yield f"# TYPE {metric.removesuffix(_TOTAL)} counter\n"
    begin, end = int(span[0]), int(span[1])
    for rate in rates:
        labels = {**dict(rate.labels), "job": scrape.job, "instance": urlsplit(scrape.url).netloc}
        written = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
        for at in range(begin, end, _STEP_S):
            yield f"{metric}{{{written}}} {rate.per_s * (at - begin):.3f} {at}\n"
    yield "# EOF\n"
