"""How building and verifying grow with the weeks: a year of official scorecards, with the real files and the real log."""

import os
import resource
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from gates.build import make_reviewed
from gates.evidence.identity import make_subject
from gates.evidence.keys import load_signer
from gates.evidence.making import producer
from gates.evidence.statement import EvidenceKind, Inputs, Measure, Predicate, short_kind
from gates.evidence.store import EvidenceStore
from gates.schema.gate import Gate
from gates.schema.gateset import load_gates
from gates.schema.state import make_state
from gates.schema.target import load_target
from gates.schema.time import fixed_clock, parse_utc
from scorecards.weeks import friday, plus

BUILD, FIRST = "b" * 64, "2026-W01"
SHOWN = (1, 13, 26, 52)
RUNS = 3
"""Measured runs of each command at each week; the median counts, and the weeks take turns."""
COLUMNS = ("build s", "verify s", "folder kB", "log kB")


@pytest.mark.nightly
def test_a_year_of_official_weeks_is_built_and_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every week is official and verifies; times, bytes and the ratio of week 52 to week 1 are printed and not judged."""
    home, clock = tmp_path / "home", tmp_path / "clock"
    monkeypatch.setenv("GONOGO_HOME", str(home))
    monkeypatch.setenv("GONOGO_REHEARSAL_CLOCK", str(clock))
    clock.write_text(f"{friday(FIRST)}T08:00:00Z")
    make_state(home, rehearsal=True)
    for number in range(1, max(SHOWN) + 1):
        day = friday(plus(FIRST, number - 1))
        measure_all(home, day, clock)
        clock.write_text(f"{day}T12:05:00Z")
        if number in SHOWN:
            shutil.copytree(home, tmp_path / f"week-{number}", symlinks=True)
        build(tmp_path / f"card-{number}")
        spec = msgspec.yaml.decode((tmp_path / f"card-{number}" / "scorecard.yaml").read_bytes())["spec"]
        assert (spec["standing"], len(spec["evidence"])) == ("official", len(kinds(load_gates())))
    rows = list(measured(tmp_path, clock, monkeypatch))
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(rows) + "\n")


def measure_all(home: Path, day: str, clock: Path) -> None:
    """A week's evidence: every measure of the shipped gates, well above the samples that they require, on its Friday."""
    clock.write_text(f"{day}T09:00:00Z")
    at, named, signer = f"{day}T09:00:00.000Z", load_target("local"), load_signer(home)
    store = EvidenceStore(home / "evidence", clock=fixed_clock(parse_utc(at)))
    one, about = make_reviewed(named, BUILD, "smoke"), make_subject(named, BUILD)

    def said(kind: str, measures: dict[str, Measure], observed: str | None) -> Predicate:
        inputs = Inputs(target=one.target, profile=one.profile)
        maker = producer("a test")
        return Predicate(
            short_kind(kind), maker, at, at, 0, inputs=inputs, measures=measures, facts={}, build_observation=observed
        )

    seen = store.record(signer, EvidenceKind.BUILD_OBSERVATION, about, said(EvidenceKind.BUILD_OBSERVATION, {}, None)).digest
    for kind, measures in kinds(load_gates()).items():
        store.record(signer, kind, about, said(kind, measures, seen))


def kinds(gates: tuple[Gate, ...]) -> dict[EvidenceKind, dict[str, Measure]]:
    """The measures that the gates require, by the kind of evidence that can hold them."""
    found: dict[EvidenceKind, dict[str, Measure]] = {}
    for criterion in (item for gate in gates for item in gate.criteria):
        if criterion.source.predicate_type in set(EvidenceKind):
            kind, name = EvidenceKind(criterion.source.predicate_type), criterion.source.measure
            value = Measure(criterion.threshold, criterion.unit, samples=100_000, statistic=criterion.statistic)
            found.setdefault(kind, {})[name] = value
    return found


def build(out: Path, *more: str) -> float:
    """`gonogo scorecard build`, in a process of its own."""
    return command((0, 1, 3, 9), "scorecard", "build", "--build", BUILD, "--out", str(out), *more)


def command(codes: tuple[int, ...], *argv: str) -> float:
    """Run `gonogo ...` to one of these exit codes; returns its seconds of processor time, the start of Python included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    argv = (sys.executable, "-P", "-m", "scorecards", *argv)
    done = subprocess.run(argv, env=os.environ, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode in codes, done.stdout + done.stderr
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(folder: Path, clock: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The medians, week by week: each build is a draft on the state folder as it was before that week's card."""
    built: dict[int, list[float]] = {number: [] for number in SHOWN}
    verified: dict[int, list[float]] = {number: [] for number in SHOWN}
    for turn in range(RUNS):
        for number in SHOWN:
            clock.write_text(f"{friday(plus(FIRST, number - 1))}T12:05:00Z")
            monkeypatch.setenv("GONOGO_HOME", str(folder / f"week-{number}"))
            out = folder / f"draft-{number}-{turn}"
            built[number].append(build(out, "--draft"))
            verified[number].append(command((0,), "scorecard", "verify", str(out)))
    yield "week " + " ".join(f"{name:>9}" for name in COLUMNS)
    rows: dict[int, tuple[float, ...]] = {}
    for number in SHOWN:
        times = (statistics.median(built[number]), statistics.median(verified[number]))
        rows[number] = (*times, *(size / 1000 for size in sizes(folder, number)))
        yield f"{number:>4} " + " ".join(f"{value:>9.2f}" for value in rows[number])
    ratios = zip(COLUMNS, rows[SHOWN[0]], rows[SHOWN[-1]], strict=True)
    yield f"week {SHOWN[-1]} / week {SHOWN[0]}: " + ", ".join(f"{name} {last / first:.2f}" for name, first, last in ratios)


def sizes(folder: Path, number: int) -> tuple[int, int]:
    """The bytes of a week's review folder, and of the log before it."""
    files = (path for path in (folder / f"card-{number}").rglob("*") if path.is_file())
    return sum(path.stat().st_size for path in files), (folder / f"week-{number}" / "evidence" / "log.jsonl").stat().st_size
