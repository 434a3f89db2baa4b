"""The freeze calendar that `gonogo init` writes, and the freeze check of its CI workflow, run as a runner runs it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from ci_runner import ACTION
from freezes import ALWAYS, put_exception_for, put_people, write_calendar

from gates.evidence.keys import EVIDENCE
from gates.evidence.objects import SUFFIX
from gates.schema.entry import run as enter
from gates.schema.freeze import load_calendar
from scorecards.cli import gonogo

Git = Callable[..., str]
INIT = ("init", "shop", "--name", "shop", "--no-input")


@pytest.fixture
def init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run `gonogo init shop` in an empty folder; gives the exit code and what was printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))

    def call(*more: str) -> tuple[int, str]:
        code = enter(gonogo, [*INIT, *more])
        shown = capsys.readouterr()
        return code, shown.out + shown.err

    return call


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, init: Callable[..., tuple[int, str]]) -> Git:
    """A repository with the starting folder as its first commit."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert init()[0] == 0

    def call(*words: str) -> str:
        author = ("-c", "user.name=Bob", "-c", "user.email=bob@example.org", "-c", "commit.gpgsign=false")
        done = subprocess.run(("git", *author, *words), cwd=tmp_path / "shop", check=True, capture_output=True, text=True)
        return done.stdout.strip()

    call("init", "--quiet", "--initial-branch=main")
    return call


def _commit(git: Git, text: str) -> str:
    git("add", "--all")
    git("commit", "--quiet", "--allow-empty", "--message", text)
    return git("rev-parse", "HEAD")


def _ci(folder: Path, base: str, head: str, runner: Path) -> tuple[int, str]:
    """The step of the action that the workflow uses, on a runner with the gonogo that the action installs."""
    used = yaml.safe_load((folder / ".github/workflows/gonogo.yml").read_text())["jobs"]["review"]["steps"]
    assert (used[0]["with"]["fetch-depth"], used[-1]["with"]["freeze"]) == (0, "freeze.yaml")
    (step,) = [step for step in ACTION["runs"]["steps"] if "freeze check" in step.get("run", "")]
    program = runner / "gonogo" / "bin" / "gonogo"
    program.parent.mkdir(parents=True, exist_ok=True)
    code = "import sys; from scorecards.cli import main; sys.exit(main())"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -c "{code}" "$@"\n')
    program.chmod(0o755)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "RUNNER_"))}
    environ |= {"BASE": base, "HEAD": head, "RUNNER_TEMP": str(runner), "FREEZE": "freeze.yaml", "SIGNERS": ""}
    assert set(step["env"]) == {"BASE", "HEAD", "FREEZE", "SIGNERS"}
    done = subprocess.run(
        ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]),
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_calendar_has_no_date_that_nobody_gave(init, tmp_path: Path) -> None:
    """Without a launch nothing is frozen, and the file shows how to write one."""
    code, out = init()
    assert (code, load_calendar(tmp_path / "shop" / "freeze.yaml").spans) == (0, ())
    assert "missing  The freeze around the launch: freeze.yaml has no window until its time is known (--launch)." in out
    text = (tmp_path / "shop" / "freeze.yaml").read_text()
    assert "launch: YYYY-MM-DDTHH:MM" in text
    assert not any(f"{year}-" in text for year in range(1970, 2200))


def test_a_launch_that_is_given_freezes_its_days(init, tmp_path: Path) -> None:
    """In the zone that is given."""
    code, _ = init("--launch", "2999-04-30T09:00", "--zone", "Europe/Berlin")
    (span,) = load_calendar(tmp_path / "shop" / "freeze.yaml").spans
    assert (code, span.launch_local, span.allow) == (0, "2999-04-30T09:00:00+02:00", ("P0", "P1"))


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--launch", "2020-03-30T09:00"), "--launch 2020-03-30T09:00 is over, and so is its freeze"),
        (("--launch", "next Friday"), "--launch 'next Friday' is not a time"),
        (("--launch", "2999-03-31T02:30", "--zone", "Europe/Berlin"), "--launch 2999-03-31T02:30 does not exist"),
        (("--launch", "2999-03-30T09:00", "--zone", "Mars"), "--zone 'Mars' is no IANA time zone"),
    ],
)
def test_a_launch_that_is_over_or_cannot_be_read_is_refused(init, tmp_path: Path, words: tuple[str, ...], fault: str) -> None:
    """Exit 2, and nothing is written."""
    code, out = init(*words)
    assert (code, fault in out, (tmp_path / "shop").exists()) == (2, True, False), out


@pytest.mark.process
def test_a_pull_request_is_checked_by_the_calendar_of_its_base(git: Git, tmp_path: Path) -> None:
    """Outside of a freeze it passes; in one it does not, and emptying the calendar in the pull request changes nothing."""
    shop, runner = tmp_path / "shop", tmp_path / "runner"
    base = _commit(git, "start")
    head = _commit(git, "a change")
    code, out = _ci(shop, base, head, runner)
    assert (code, "allowed: no freeze is in force" in out) == (0, True), out
    write_calendar(shop / "freeze.yaml", ALWAYS)
    frozen = _commit(git, "freeze")
    write_calendar(shop / "freeze.yaml")
    emptied = _commit(git, "thaw it in the pull request")
    code, out = _ci(shop, frozen, emptied, runner)
    assert (code, "names 1 of 1 commits" in out) == (5, True), out


@pytest.mark.process
def test_a_base_without_a_calendar_lets_nothing_through(git: Git, tmp_path: Path) -> None:
    """Exit 5: who adds the first calendar has to be let in by a person."""
    calendar = tmp_path / "shop" / "freeze.yaml"
    calendar.unlink()
    base = _commit(git, "start")
    write_calendar(calendar)
    code, out = _ci(tmp_path / "shop", base, _commit(git, "calendar"), tmp_path / "runner")
    assert (code, "without a readable calendar nothing may be deployed" in out) == (5, True), out


@pytest.mark.process
def test_a_signed_exception_in_the_repository_lets_its_commit_through(
    git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the Signers of the base; Signers that the pull request brings itself count for nothing."""
    shop, home = tmp_path / "shop", tmp_path / "home"
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    put_people(home)
    write_calendar(shop / "freeze.yaml", ALWAYS)
    unsigned = _commit(git, "start without Signers")
    (shop / "signers").mkdir()
    for name in ("signers.json", "signers.pin"):
        (shop / "signers" / name).write_bytes((home / name).read_bytes())
    base = _commit(git, "Signers")
    fix = _commit(git, "the fix")
    digest = put_exception_for(home, (fix,))
    (shop / "changes" / "fix.json").write_bytes((home / EVIDENCE / "objects" / digest[:2] / (digest + SUFFIX)).read_bytes())
    code, out = _ci(shop, base, fix, tmp_path / "runner")
    assert (code, "signed by ada, grace" in out) == (0, True), out
    code, out = _ci(shop, unsigned, fix, tmp_path / "other-runner")
    assert (code, "there are no Signers here who could have signed it" in out) == (5, True), out
