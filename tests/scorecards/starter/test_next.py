"""What the scorecard says to do next in a folder that `gonogo init` wrote: what to fill in first, then commands that can work."""

import os
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from gates.schema.entry import run as enter
from gates.schema.gateset import load_gates
from gates.schema.target import load_target
from scorecards.cli import gonogo
from scorecards.needs import needs_of

Run = Callable[..., tuple[int, str, str]]
SECRETS = ("GONOGO_AGENT_KEY", "GONOGO_WALLET_ID", "GONOGO_PAYEE_IDS")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `gonogo ...` in the folder of a bare `gonogo init`; gives the exit code and what was printed."""
    for name in [name for name in os.environ if name.startswith("GONOGO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = enter(gonogo, list(arguments))
        return (code, *capsys.readouterr())

    assert call("init", "--no-input", "--name", "shop", "--junit", "junit.xml")[0] == 0
    return call


def test_a_bare_folder_is_told_which_lines_to_edit_and_what_to_export(run: Run, tmp_path: Path) -> None:
    """First the file with the lines to fill in and to check, then the variables, then the gates, with text and page alike."""
    code, out, _ = run("review", "--steps", "secret-scan")
    assert code == 3
    lines = (tmp_path / "target.yaml").read_text().splitlines()
    build, audit = (next(n for n, line in enumerate(lines, 1) if f"# {name}:" in line) for name in ("build", "audit"))
    marked = [n + 1 for n, line in enumerate(lines, 1) if line.endswith(": edit it")]
    text, following = " ".join(out.partition("Next:")[2].split()), " and ".join(map(str, marked[-2:]))
    first, _, second = text.partition(" 2. environment (backend) ")
    assert first.startswith(f"1. target.yaml (backend) Edit target.yaml: fill in `build` (line {build})"), text
    assert f"fill in `audit` (line {audit})" in first
    assert f"check lines {', '.join(map(str, marked[:-2]))}, {following}, and delete the mark" in first
    assert "runbook runbooks/targets.md" in first
    assert second.startswith("Export GONOGO_AGENT_KEY, GONOGO_WALLET_ID and GONOGO_PAYEE_IDS (lines ")
    review = tmp_path / ".gonogo" / "reviews" / "latest"
    assert (review / "runbooks" / "targets.html").is_file()
    assert f"fill in build (line {build})" in (review / "scorecard.html").read_text()


def test_a_step_that_this_target_cannot_do_is_an_instruction_without_a_command(run: Run, tmp_path: Path) -> None:
    """Also where --steps left it out; the card, its page and the list of what is missing print no command for it."""
    out = run("review", "--steps", "secret-scan")[1]
    card = yaml.safe_load((tmp_path / ".gonogo" / "reviews" / "latest" / "scorecard.yaml").read_text())["spec"]
    (crash,) = (action for action in card["actions"] if action["gate"] == "crash")
    assert crash["command"] == ""
    assert "it has no `process`, and no `commands` with `kill` and `restore`" in crash["do"]
    assert "--steps crash" not in out
    assert "runbook runbooks/gates.md#crash" in out
    assert "--steps crash" not in (tmp_path / ".gonogo" / "reviews" / "latest" / "scorecard.html").read_text()


def test_a_step_without_its_variables_says_what_to_put_right_before_its_command(run: Run) -> None:
    """The storm needs an account: the command is repeated, after what stopped it."""
    text = " ".join(run("review", "--steps", "storm")[1].partition("Next:")[2].split())
    assert "Collect evidence, once what stopped it is put right (the target needs the environment variable GONOGO_" in text


def test_needs_end_where_they_are_met(run: Run, tmp_path: Path) -> None:
    """A variable that is set, a member that is filled in and a mark that is gone are no need; each other one stays."""
    named, text = load_target("target.yaml"), (tmp_path / "target.yaml").read_text()
    edit, export = needs_of(named.target, "target.yaml", text, {SECRETS[0]: "x"})
    assert export.do.startswith("Export GONOGO_WALLET_ID and GONOGO_PAYEE_IDS (lines ")
    unmarked = "\n".join(line for line in text.splitlines() if not line.endswith(": edit it"))
    filled = unmarked.replace("# build:", "build:").replace("# audit:", "audit:").replace("#   ledger:", "  ledger:")
    (tmp_path / "target.yaml").write_text(filled)
    assert needs_of(load_target("target.yaml").target, "target.yaml", filled, dict.fromkeys(SECRETS, "x")) == ()
    assert "check lines" in edit.do
    blank = filled.replace("'{wallet_id}'", "EDIT_ME")
    (edit,) = needs_of(load_target("target.yaml").target, "target.yaml", blank, dict.fromkeys(SECRETS, "x"))
    assert edit.do == f"Edit target.yaml: replace EDIT_ME in line {blank[: blank.index('EDIT_ME')].count(chr(10)) + 1}."
    assert needs_of(load_target("local").target, "local", "", {}) == ()


def test_gates_that_read_no_payment_need_the_build_alone(run: Run, tmp_path: Path) -> None:
    """A set of JUnit and secrets sends nothing: neither accounts nor a place to read settlements back are asked for."""
    gates = [gate for gate in load_gates(tmp_path / "gates") if gate.id in ("tests", "secrets")]
    text = (tmp_path / "target.yaml").read_text()
    (need,) = needs_of(load_target("target.yaml").target, "target.yaml", text, {}, gates)
    assert need.do.startswith("Edit target.yaml: fill in `build` (line ")
    assert "audit" not in need.do
    assert "check lines" not in need.do


def test_gate_run_names_a_collect_command_that_names_the_build_too(run: Run, tmp_path: Path) -> None:
    """Without it the command would end as `gate run` itself would have: the target reports no build."""
    build = "ab" * 32
    out = run("gate", "run", "--build", build)[1]
    command = next(line for line in out.splitlines() if "gonogo evidence collect" in line).strip()
    assert command == f"gonogo evidence collect --target target.yaml --gates gates --build {build}"
    (tmp_path / "junit.xml").write_text('<testsuite name="t" timestamp="2026-01-01T00:00:00Z"><testcase name="a"/></testsuite>')
    code, printed, err = run(*shlex.split(command)[1:])
    assert (code, "0 count of 1" in printed) == (0, True), err
