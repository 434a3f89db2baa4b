"""The shell steps of the action with the real gonogo, in order, as the workflows use it: a preview, then official reviews.

Not run here, because they need GitHub: `uses:` steps (checkout, Python, cache, upload), and the installation from the lock.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import house_tree
import pytest
import small_payments
import yaml
from ci_runner import ACTION, SHELL, filled, wanted
from junitparser import JUnitXml

pytestmark = pytest.mark.process

STEPS = ACTION["runs"]["steps"]
CACHED = next(step["with"]["path"] for step in STEPS if "actions/cache/save" in step.get("uses", ""))
START = f"{sys.executable} payments.py serve --port {{port}} --db {{db}}"
SEED = f"{sys.executable} payments.py seed --db {{db}}"


class Job(NamedTuple):
    """One job: its exit code and log, its summary, and the folder that it would upload."""

    code: int
    log: str
    summary: str
    upload: Path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository as a team has it: its service, and what `gonogo init` wrote."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    shutil.copy(small_payments.__file__, folder / "payments.py")
    made = ("--openapi", "openapi.json", "--start", START, "--seed", SEED)
    (folder / "openapi.json").write_text(run(folder, {}, sys.executable, "payments.py", "openapi"))
    run(folder, {}, *GONOGO, "init", "--name", "shop", "--no-input", *made)
    return folder


GONOGO = (sys.executable, "-P", "-m", "scorecards")


def bare_environ() -> dict[str, str]:
    """What a runner has: nothing of gonogo's, and nothing of GitHub's but what the test sets."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("GONOGO_", "GITHUB_", "RUNNER_"))}
    return own | {"PYTHONPATH": os.pathsep.join(sys.path)}


def run(folder: Path, environ: Mapping[str, str], *argv: str, codes: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(argv, cwd=folder, env=bare_environ() | environ, capture_output=True, text=True, check=False)
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout


def job(folder: Path, runner: Path, inputs: Mapping[str, str]) -> Job:
    """Every shell step but the installation, whose place a program takes that starts the gonogo of this tree."""
    program = runner / "temp/gonogo/bin/gonogo"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {" ".join(GONOGO)} "$@"\n')
    program.chmod(0o755)
    files = {name: runner / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for path in files.values():
        path.touch()
    given = {name: item["default"] for name, item in ACTION["inputs"].items()} | dict(inputs)
    base = (
        bare_environ() | {"RUNNER_TEMP": str(runner / "temp"), "CI": "true"} | {name: str(path) for name, path in files.items()}
    )
    code, log = 0, ""
    for step in STEPS:
        if "run" not in step or step["name"] == "Install gonogo" or not wanted(step, given, failed=bool(code)):
            continue
        environ = base | {name: filled(text, given, files["GITHUB_OUTPUT"]) for name, text in step["env"].items()}
        script = runner / "script.sh"
        script.write_text(step["run"])
        argv = [*SHELL, str(script)]
        done = subprocess.run(argv, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=400)
        log += f"## {step['name']}\n{done.stdout}{done.stderr}"
        code = code or done.returncode
    return Job(code, log, files["GITHUB_STEP_SUMMARY"].read_text(), runner / "temp/gonogo-upload")


def used_by(path: Path) -> dict[str, str]:
    """The inputs that a workflow gives the action."""
    workflow = yaml.safe_load(path.read_text())
    (steps,) = (job["steps"] for job in workflow["jobs"].values())
    return next(step["with"] for step in steps if "actions/gonogo" in step["uses"])


def test_the_workflow_of_a_starting_folder_makes_a_preview_that_anyone_can_verify(checkout: Path, tmp_path: Path) -> None:
    """Summary, annotations, JUnit, SARIF, metrics and the pack are there; the freeze lets it pass; the code is the review's."""
    inputs = used_by(checkout / ".github/workflows/gonogo.yml") | {"steps": "fail-closed,secret-scan"}
    done = job(checkout, tmp_path / "runner", inputs)
    assert done.code == 3, done.log
    assert "allowed: no freeze is in force" in done.log
    assert done.summary.startswith("# ")
    assert "NO GO" in done.summary
    assert "::error" in done.log.partition("::stop-commands::")[2] or "::warning" in done.log
    formats = done.upload / "formats"
    assert len(JUnitXml.fromfile(str(formats / "junit.xml"))) == 6, "one for the decision, one for each gate"
    assert json.loads((formats / "verdict.sarif").read_text())["version"] == "2.1.0"
    assert "launch_scorecard_decision" in (formats / "verdict.prom").read_text()
    assert json.loads((formats / "vsa.intoto.json").read_text())
    pack = done.upload / "review"
    elsewhere = {"GONOGO_HOME": str(tmp_path / "nobody")}
    kept = shutil.copy(pack / "trust.json", tmp_path / "trust.json")  # keys count from outside of the folder that they sign
    verified = run(tmp_path, elsewhere, *GONOGO, "scorecard", "verify", str(pack), "--deep", "--trust", str(kept))
    assert verified.splitlines()[-1] == "verified", verified
    assert not list(done.upload.rglob("*.key"))


@pytest.fixture
def official(checkout: Path, tmp_path: Path) -> Callable[..., Job]:
    """The official workflow of this repository, on the team's target; the cache is what the action would keep of the last job."""
    keys = {"GONOGO_HOME": str(tmp_path / "desk"), "GONOGO_KEYS": str(tmp_path / "keys")}
    made = run(checkout, keys, *GONOGO, "signer", "init", "--person", "Ada Lovelace <ada@example.org>", "--machine", "ci")
    sha256 = made.split("--trust ")[1].split()[0]
    run(checkout, keys, *GONOGO, "signer", "sign", "--trust", sha256)
    (checkout / "signers").mkdir()
    for name in ("signers.json", "signers.pin"):
        shutil.copy(tmp_path / "desk" / name, checkout / "signers" / name)
    key = base64.b64encode((tmp_path / "keys" / "ci.key").read_bytes()).decode()
    folder = house_tree.ROOT / ".github/workflows/official.yml"
    given = used_by(folder) | {"target": "target.yaml", "profile": "profile.yaml", "gates": "gates", "steps": "secret-scan"}

    def call(number: int, **more: str) -> Job:
        return job(checkout, tmp_path / f"runner-{number}", given | {"signing-key": key, "begin": "false"} | more)

    return call


def keep_only_the_cache(state: Path) -> None:
    """What a new runner has of the state folder."""
    kept = state.with_name("kept")
    for line in CACHED.split("\n"):
        place = state / line.strip().removeprefix("${{ inputs.state }}/")
        if line.strip() and place.exists():
            (kept / place.relative_to(state)).parent.mkdir(parents=True, exist_ok=True)
            place.rename(kept / place.relative_to(state))
    shutil.rmtree(state)
    kept.rename(state)


def test_official_reviews_go_on_from_the_cache_and_a_lost_one_is_restored(
    official: Callable[..., Job], checkout: Path, tmp_path: Path
) -> None:
    """The first begins a log, the second adds to it, the third rebuilds it from both packs; no key stays anywhere."""
    first = official(1, begin="true")
    assert first.code == 3, first.log
    assert (checkout / ".gonogo" / "state.json").is_file()
    keep_only_the_cache(checkout / ".gonogo")
    shutil.rmtree(checkout / "gonogo-review")
    second = official(2)
    assert second.code == 3, second.log
    log = (checkout / ".gonogo" / "evidence" / "log.jsonl").read_text().splitlines()
    assert sum('"kind":"card"' in line or '"kind":"preview"' in line for line in log) == 2
    shutil.rmtree(checkout / ".gonogo")
    shutil.rmtree(checkout / "gonogo-review")
    lost = official(3)
    assert (lost.code, "a new log would lose the streak" in lost.log) == (3, True), lost.log
    shutil.copy(first.upload / "review" / "trust.json", checkout / "signers" / "trust.json")
    for number, done in enumerate((first, second)):
        shutil.copytree(done.upload / "review", checkout / "kept" / f"week-{number}")
    restored = official(4, restore="kept")
    assert restored.code == 3, restored.log
    assert (checkout / ".gonogo" / "evidence" / "log.jsonl").is_file()
    assert not list(tmp_path.glob("runner-*/**/*.key"))
