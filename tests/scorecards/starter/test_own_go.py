"""A service that is not ours, the gates that `gonogo init` writes, and two weeks: GO, GO, and from then on it may launch.

The weeks pass in a rehearsal, whose clock runs on from where the test sets it; everything else is as in an official state folder.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import small_payments

from scorecards.schema import Scorecard, ScorecardSpec

STEPS = "storm,fail-closed,crash,secret-scan"
TRIES = 6
"""How often a step may end without a result before the test gives up: a drill needs a steady state, which a machine that is busy
with other tests may not give it. What fails is never tried again."""
SUNDAY, FRIDAY = "2026-11-22T20:00:00Z", "2026-11-27T12:05:00Z"
BUSY = {
    "profile.yaml": {"generator_lag_p99_ms: 100": "generator_lag_p99_ms: 60000", "timeout_ms: 2000": "timeout_ms: 20000"},
    "gates/5-latency.yaml": {'threshold: "300"': 'threshold: "60000"', "less than 300 ms": "less than a minute"},
}
"""The limit for latency is each team's own to set; this one holds on a machine that is busy with other tests."""
QUICK = r"""
apiVersion: gonogo/v1
kind: GateSet
metadata: {name: quick}
spec:
  gates:
    - id: no-server-error
      title: No server error
      priority: P0
      owner: backend
      question: Does it answer without errors?
      runbook: runbooks/gates.md#no-double-settle
      criteria:
        - id: errors
          title: No answer is a 500
          source:
            adapter: http
            url: /metrics
            value: {pattern: 'code="500"\} ([0-9]+)'}
            samples: {pattern: 'code="200"\} ([0-9]+)'}
          unit: count
          operator: lte
          threshold: "0"
          min_samples: 1
          max_age: 7d
"""


class Team:
    """A team in its own folder: a fixed release of its service, and a rehearsal's clock."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._clock = folder, folder / "clock"
        source = Path(small_payments.__file__).read_text(encoding="utf-8")
        racy, fixed = "defaultdict(nullcontext)", "defaultdict(threading.Lock)"
        assert racy in source
        (folder / "payments.py").write_text(source.replace(racy, fixed), encoding="utf-8")
        own = {name: value for name, value in os.environ.items() if not name.startswith("GONOGO_") or name == "GONOGO_KEYS"}
        path = os.pathsep.join((str(Path(sys.executable).parent), own["PATH"]))
        self._environ = {**own, "PATH": path, "GONOGO_REHEARSAL_CLOCK": str(self._clock), "PYTHONPATH": os.pathsep.join(sys.path)}

    def at(self, moment: str) -> None:
        """Set the clock; it runs on from there."""
        self._clock.write_text(f"{moment} running\n", encoding="ascii")

    def run(self, *argv: str, codes: tuple[int, ...] = (0,)) -> tuple[int, str]:
        """One command in the folder, which ends with one of these codes; its code and its product."""
        done = subprocess.run(argv, cwd=self.folder, env=self._environ, capture_output=True, text=True, check=False, timeout=900)
        assert done.returncode in codes, f"{' '.join(argv)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.returncode, done.stdout

    def gonogo(self, *argv: str, codes: tuple[int, ...] = (0,)) -> tuple[int, str]:
        """One command of gonogo."""
        return self.run(sys.executable, "-P", "-m", "scorecards", *argv, codes=codes)

    def collect(self) -> str:
        """A preview by the real steps, again as long as one of them came to no result; what it printed."""
        for _ in range(TRIES):
            code, printed = self.gonogo("review", "--preview", "--steps", STEPS, codes=(0, 3))
            if code == 0:
                break
        return printed

    def card(self) -> ScorecardSpec:
        """The latest scorecard."""
        path = self.folder / ".gonogo" / "reviews" / "latest" / "scorecard.yaml"
        return msgspec.yaml.decode(path.read_bytes(), type=Scorecard).spec

    def page(self) -> str:
        """The latest page."""
        return (self.folder / ".gonogo" / "reviews" / "latest" / "scorecard.html").read_text(encoding="utf-8")


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """From an empty folder to what `gonogo init` writes, in a rehearsal."""
    team = Team(tmp_path)
    (tmp_path / "openapi.json").write_text(team.run(sys.executable, "payments.py", "openapi")[1], encoding="utf-8")
    start, seed = (
        f"{sys.executable} payments.py serve --port {{port}} --db {{db}}",
        f"{sys.executable} payments.py seed --db {{db}}",
    )
    made = ("--openapi", "openapi.json", "--base-url", "http://127.0.0.1:9000", "--start", start, "--seed", seed)
    team.at(SUNDAY)
    team.gonogo("init", "--name", "shop", "--no-input", *made)
    for name, changes in BUSY.items():
        text = (tmp_path / name).read_text(encoding="utf-8")
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new)
        (tmp_path / name).write_text(text, encoding="utf-8")
    team.gonogo("state", "init", "--rehearsal")
    return team


@pytest.mark.process
@pytest.mark.nightly
def test_a_service_that_is_not_ours_gets_to_go_and_after_two_official_weeks_may_launch(team: Team) -> None:
    """By the shipped catalog: storm, crash drill and scan are real; both weeks are judged by their evidence of that Sunday."""
    assert "REHEARSAL, which decides nothing. GO: all 4 P0 gates and 1 of 1 P1 gates pass." in " ".join(team.collect().split())
    team.gonogo("review", "--steps", "fail-closed")
    card = _first_week(team)
    assert {gate.id for gate in card.gates} == {"no-double-settle", "no-lost-settle", "crash", "secrets", "latency"}
    team.at(FRIDAY)
    team.gonogo("review", "--steps", "fail-closed")
    _second_week(team)


@pytest.mark.process
def test_two_official_weeks_by_a_gate_of_ones_own_end_in_may_launch(team: Team) -> None:
    """The same two weeks by one gate that reads the running service, without a storm: GO, GO, yes, and `--deep` verifies."""
    shutil.rmtree(team.folder / "gates")
    (team.folder / "gates").mkdir()
    (team.folder / "gates" / "quick.yaml").write_text(QUICK, encoding="utf-8")
    team.gonogo("review", "--steps", "collect")
    _first_week(team)
    team.at(FRIDAY)
    team.gonogo("review", "--steps", "collect")
    _second_week(team)


def _first_week(team: Team) -> ScorecardSpec:
    """The week's official GO; one week is not enough."""
    card = team.card()
    assert (card.week, card.standing, card.decision, card.launch.answer) == ("2026-W47", "official", "GO", "not yet")
    assert "1 of 2" in card.launch.sentence
    return card


def _second_week(team: Team) -> None:
    """The second official GO in a row: it may launch, on the page too, and anyone can compute it again."""
    card = team.card()
    assert (card.week, card.standing, card.decision, card.launch.answer) == ("2026-W48", "official", "GO", "yes")
    assert card.sentence.startswith("REHEARSAL")
    assert card.launch.sentence in team.page()
    verified = team.gonogo("scorecard", "verify", "--deep")[1]
    assert verified.splitlines()[-1] == "verified"
