"""Steps: their output is told, and however they are left, nothing of them stays behind."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import pytest

from gates.schema.target import load_target
from scorecards.plan import STEPS, why_not
from scorecards.review import artifacts
from scorecards.steps import cause, outcome_in_words, run_command
from scorecards.voice import Voice

pytestmark = pytest.mark.process

# A child that ignores SIGTERM and has a child of its own; both live for a minute if nobody ends them.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("ready", os.getpid(), grandchild.pid, file=sys.stderr, flush=True)
time.sleep(60)
"""


def interrupted(log: Path, times: int) -> Callable[[float], None]:
    """A pause that is interrupted as soon as the child is ready, and then as often as asked."""
    left = iter([KeyboardInterrupt] * times)

    def pause(seconds: float) -> None:
        if "ready" in Path(f"{log}.err").read_text() and (error := next(left, None)) is not None:
            raise error
        sleep(min(seconds, 0.02))

    return pause


def living(pids: list[str]) -> list[str]:
    """Those that still run a while after: a SIGKILL takes effect when the kernel gets to it, not when it is sent."""
    deadline = monotonic() + 60
    while (left := [pid for pid in pids if runs(pid)]) and monotonic() < deadline:
        sleep(0.02)
    return left


def runs(pid: str) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_step_s_output_is_logged_and_its_latest_line_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Product and talk go to two files; talk is told as it comes; the exit code and the time come back."""
    code = "import sys, time; print('half', file=sys.stderr, flush=True); time.sleep(0.4); print('product'); sys.exit(3)"
    exit_code, elapsed_ms = run_command([sys.executable, "-c", code], os.environ, tmp_path / "a", Voice(9), 4, "storm")
    assert (exit_code, elapsed_ms > 0) == (3, True)
    assert (tmp_path / "a.out").read_text() == "product\n"
    assert (tmp_path / "a.err").read_text() == "half\n"
    assert re.search(r"\[4/9\] storm: \d+ s  half\n", capfd.readouterr().err)


def test_an_interrupted_step_leaves_no_process_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that ignores SIGTERM, and its own child, are gone once the grace is over."""
    monkeypatch.setattr("scorecards.steps.GRACE_S", 0.2)
    log = tmp_path / "stubborn"
    with pytest.raises(KeyboardInterrupt):
        run_command([sys.executable, "-c", STUBBORN], os.environ, log, Voice(1), 1, "stubborn", interrupted(log, 1))
    assert living(Path(f"{log}.err").read_text().split()[1:]) == []


@pytest.mark.parametrize(
    ("err", "out", "words"),
    [
        ("storm smoke: 0/480\nerror: no such file\n  next: give another\n", "", "error: no such file / next: give another"),
        (
            "storm smoke: 0/480\nstorm smoke: 480/480\n",
            "run: clean\n  unknown  holds: missing: no ledger\n",
            "unknown  holds: missing: no ledger",
        ),
        ("measures: 1/2 x\n", "a\nFOUND double_settle: p: twice\n  unknown  holds\n", "FOUND double_settle: p: twice"),
        ("failed: the service\nerror: it ended\n", "unknown", "error: it ended"),
        ("   0.2 s  failed: needs fuse3\nin out/power\n", "  kills  unknown: not_run\n", "failed: needs fuse3"),
        ("drill crash: 3/9 inject\n", "drill crash\n  deviation: 2 lost\n", "deviation: 2 lost"),
        (
            "",
            "fail-closed: not_run: no credential for tenant_admin\n  unexpected_answers  unknown (not_run)\n",
            "fail-closed: not_run: no credential for tenant_admin",
        ),
        ("storm smoke: 480/480\n", "clean\n", ""),
    ],
)
def test_the_cause_of_a_step_is_what_it_says_of_itself_and_no_progress(tmp_path: Path, err: str, out: str, words: str) -> None:
    """Its problem with the next step, its first finding, or the first thing that it could not judge."""
    (tmp_path / "a.err").write_text(err)
    (tmp_path / "a.out").write_text(out)
    assert cause(tmp_path / "a") == words


def test_a_program_that_does_not_exist_is_a_failed_step(tmp_path: Path) -> None:
    """Not a crash of the review."""
    exit_code, _ = run_command(["/no/such/program"], os.environ, tmp_path / "x", Voice(1), 1, "x")
    assert exit_code == 127


@pytest.mark.parametrize(("code", "words"), [(0, "clean"), (1, "findings"), (-9, "ended by signal 9"), (99, "exit 99")])
def test_exit_codes_are_told_in_words(code: int, words: str) -> None:
    """Also codes that are in no table."""
    assert outcome_in_words(code) == words


def test_every_step_can_be_done_on_the_shipped_target_and_leaves_its_own_evidence() -> None:
    """Nothing is left out for the reference gateway but the month of a service that runs elsewhere."""
    target = load_target("local").target
    assert {step.name for step in STEPS if why_not(step, target)} == {"slo"}
    assert len({step.evidence for step in STEPS}) == len(STEPS)


def test_runbooks_are_rehearsed_on_the_reference_gateway_alone() -> None:
    """Their faults are made in it: for another service the step says so, and is not run."""
    step = next(step for step in STEPS if step.name == "runbooks")
    assert "does not run the reference gateway" in why_not(step, load_target("minimal").target)


def test_private_keys_are_no_artifacts_and_everything_else_is(tmp_path: Path) -> None:
    """The scan gets every file but *.key, in few paths."""
    for name in ("logs/a.out", "logs/b.err", "crash/service.db", "crash/service.db.signing.key", "steps.json"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert [str(path.relative_to(tmp_path)) for path in artifacts(tmp_path)] == ["crash/service.db", "logs", "steps.json"]
