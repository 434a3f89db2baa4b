"""`gonogo runbook` on the command line: what is refused before anything is run."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from runbook_pages import SOUND, page, shell

from drills.runbook.cli import runbook
from gates.schema.errors import RefusedProblem, UnknownProblem, UsageProblem
from gates.schema.outcome import ExitCode


@pytest.fixture
def cli(tmp_path, monkeypatch):
    """Call the group in a folder and a state folder of its own; Problems come out as they are."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GONOGO_BASE_URL", raising=False)

    def call(*argv):
        return CliRunner().invoke(runbook, argv, standalone_mode=False, catch_exceptions=False)

    return call


def write(source, name="mine.md"):
    """A page in the working folder."""
    Path(name).write_text(source)
    return f"./{name}"


def test_the_runbooks_are_listed_with_their_steps(cli):
    """As text and as JSON, with the steps that need a person."""
    rows = {row["name"]: row for row in json.loads(cli("list", "--format", "json").stdout)}
    assert {"pause", "stop", "resume"} <= set(rows["rollback"]["steps"])
    assert set(rows["rollback"]["by_persons"]) <= set(rows["rollback"]["steps"])
    assert "Roll back" in cli("list").stdout


def test_a_page_of_ones_own_is_run_and_leaves_a_report(cli, tmp_path):
    """Without steps for persons it is green without a terminal; folders are numbered."""
    path = write(page(shell("gonogo explain paused"), "```output of=one\nNew reserves are paused\n```"))
    for number in (1, 2):
        done = cli("run", path, "--target", "local", "--no-evidence")
        assert done.return_value == ExitCode.GREEN, done.output
        assert (tmp_path / f"home/runbooks/mine-{number}/report.json").exists()
    assert "every step as the page says" in done.stdout
    assert not (tmp_path / "home/evidence").exists()


def test_a_failed_step_names_how_to_go_on(cli):
    """The command that continues with the files of this run works as printed."""
    path = write(page(shell("touch begun; exit 1"), shell("test -f begun", "two")))
    done = cli("run", path, "--target", "local", "--out", "out")
    assert done.return_value == ExitCode.RED
    assert f"gonogo runbook run {path} --target local --from one --work out/work" in done.stderr
    again = cli("run", path, "--target", "local", "--from", "two", "--work", "out/work")
    assert again.return_value == ExitCode.UNKNOWN, again.output
    assert "the run began with the step two" in again.stdout


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (["run", "nosuch"], "no runbook is called 'nosuch'"),
        (["run", "./nosuch.md"], "no such file"),
        (["run", "PAGE", "--from", "nosuch", "--yes"], "no step is called 'nosuch'"),
        (["run", "PAGE", "--target", "nosuch", "--yes"], "no target is called 'nosuch'"),
        (["run", "PAGE", "--out", "full", "--yes"], "full: is not empty"),
        (["run", "WRONG"], r"wrong\.md:5: 'sudo' is not known"),
        (["run", "NEEDS"], r"not set: GONOGO_NOT_SET \(step one\), GONOGO_NOR_THIS \(step two\)\n.*running.md#variables"),
        (["rehearse"], "name the runbooks to rehearse, or give --all"),
        (["rehearse", "rollback", "--all"], "name the runbooks to rehearse, or give --all"),
        (["rehearse", "nosuch"], "'nosuch' has no fault"),
    ],
)
def test_what_cannot_be_run_is_refused_with_the_next_step(cli, argv, word):
    """Exit 2, before anything is started."""
    pages = {
        "PAGE": write(SOUND),
        "WRONG": write(page(shell("true", info="expect=0 timeout=1s sudo")), "wrong.md"),
        "NEEDS": write(page(shell('echo "$GONOGO_NOT_SET"'), shell("echo ${GONOGO_NOR_THIS}", "two")), "needs.md"),
    }
    Path("full").mkdir()
    Path("full/file").touch()
    target = [] if argv[0] == "rehearse" or "--target" in argv else ["--target", "local"]
    with pytest.raises(UsageProblem, match=word) as refused:
        cli(*[pages.get(word, word) for word in argv], *target)
    assert refused.value.next_step


def test_a_variable_that_a_step_sets_or_has_a_default_for_is_not_needed(cli):
    """Only what comes from outside is."""
    text = 'GONOGO_MINE=1; echo "$GONOGO_MINE" "${GONOGO_OTHER:-default}"'
    assert cli("run", write(page(shell(text))), "--target", "local", "--no-evidence").return_value == ExitCode.GREEN


def test_a_target_says_where_it_is_and_how_it_is_rolled_back(cli, tmp_path):
    """The address, the file and the commands of a service that others run, as variables of the steps."""
    target = tmp_path / "mine.yaml"
    operation = "{path: /pay, body: {amount: '{amount}'}, success: [200], id_pointer: /id}"
    target.write_text(
        "apiVersion: gonogo/v1\nkind: Target\nmetadata: {name: mine}\nspec:\n  base_url: http://127.0.0.1:9/api\n"
        f"  credentials: {{}}\n  variables: {{}}\n  operations: {{reserve: {operation}, settle: {operation}}}\n"
        "  commands: {rollback: [echo, 'to the last one'], restore: [echo, start]}\n"
    )
    text = 'echo "$GONOGO_BASE_URL $GONOGO_TARGET"; $GONOGO_START; eval "$GONOGO_ROLLBACK"'
    source = page(shell(text), f"```output of=one\nhttp://127.0.0.1:9/api {target}\nstart\nto the last one\n```")
    done = cli("run", write(source), "--target", "mine.yaml", "--no-evidence")
    assert done.return_value == ExitCode.GREEN, done.output


def test_without_a_shell_nothing_is_run(cli, tmp_path, monkeypatch):
    """Exit 3 names the program and how to get it."""
    path = write(page(shell("true")))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnknownProblem, match="bash is not installed") as refused:
        cli("run", path, "--target", "local")
    assert refused.value.next_step == "apt-get install bash"


def test_a_rehearsal_without_a_terminal_says_that_it_needs_persons(cli):
    """Exit 5; --yes is the way for machines."""
    with pytest.raises(RefusedProblem, match="rollback: announce") as refused:
        cli("rehearse", "rollback")
    assert "--yes" in refused.value.next_step
