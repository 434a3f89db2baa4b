"""A real Prometheus on a free loopback port, with a past that a test wrote."""

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
from waiting import eventually

from gates.schema.ports import free_port
from gates.schema.tls import tls_of

NOBODY = "127.0.0.1:9"
"""An address at which nothing listens: a job that is there, and of which no scrape succeeds."""
STEP_S, HOUR_S, DAY_S = 300, 3600, 86_400
"""A sample each five minutes: a week has two thousand of them."""


class Past(msgspec.Struct, frozen=True):
    """One series through the past: its metric with labels, and its value at a moment in seconds; None leaves the moment out."""

    series: str
    at: Callable[[int], float | None]
    type_: str = "counter"


def counted(per_step: Callable[[int], float], begin: int, end: int) -> Callable[[int], float | None]:
    """A counter that grows by what `per_step` gives for each step from `begin` to `end`."""
    values, total = {}, 0.0
    for moment in range(begin, end, STEP_S):
        total += per_step(moment)
        values[moment] = total
    return values.get


def write_past(folder: Path, past: Sequence[Past], begin: int, end: int) -> None:
    """Write the blocks of a database with a sample of each series each step."""
    text = folder / "past.om"
    by_metric: dict[str, list[Past]] = {}
    for one in past:
        by_metric.setdefault(one.series.partition("{")[0], []).append(one)
    with text.open("w", encoding="utf-8") as file:
        for metric, some in by_metric.items():
            file.write(f"# TYPE {metric.removesuffix('_total')} {some[0].type_}\n")
            for one in some:
                for moment in range(begin, end, STEP_S):
                    value = one.at(moment)
                    if value is not None:
                        file.write(f"{one.series} {value} {moment}\n")
        file.write("# EOF\n")
    argv = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text), str(folder / "tsdb")]
    subprocess.run(argv, check=True, capture_output=True, timeout=300)
    text.unlink()


@contextmanager
def running(
    folder: Path, jobs: Mapping[str, str], *, rules: Path | None = None, kept: str = "60d", scrape: str = "5m"
) -> Iterator[str]:
    """The URL of a Prometheus over the database in a folder, which scrapes these jobs: name -> address."""
    port = free_port()
    config = {
        "global": {"scrape_interval": scrape, "scrape_timeout": "1s" if scrape == "1s" else "5s", "evaluation_interval": "1s"},
        "rule_files": [] if rules is None else [str(rules / "*.rules.yaml")],
        "scrape_configs": [{"job_name": job, "static_configs": [{"targets": [where]}]} for job, where in jobs.items()],
    }
    (folder / "prometheus.yml").write_bytes(msgspec.yaml.encode(config))
    argv = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--storage.tsdb.retention.time={kept}",
    ]
    url = f"http://127.0.0.1:{port}"
    with (folder / "prometheus.log").open("wb") as log, subprocess.Popen(argv, stdout=log, stderr=log) as process:
        try:
            ready = eventually(lambda: process.poll() is not None or _scrapes(url, set(jobs)))
            assert ready, "Prometheus found no job"
            assert process.poll() is None, (folder / "prometheus.log").read_text()
            yield url
        finally:
            process.terminate()
            process.wait(60)


def _scrapes(url: str, jobs: set[str]) -> bool:
    """Whether it is ready and has found its jobs, for which it takes some seconds."""
    try:
        ready = httpx.get(f"{url}/-/ready", trust_env=False, timeout=30, verify=tls_of(url)).status_code == httpx.codes.OK
        found = httpx.get(f"{url}/api/v1/targets", trust_env=False, timeout=30, verify=tls_of(url)).json() if ready else {}
    except httpx.TransportError:
        return False
    return ready and jobs <= {one["labels"]["job"] for one in found["data"]["activeTargets"]}
