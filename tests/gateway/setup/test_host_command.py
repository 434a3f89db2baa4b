"""`gonogo host`: what it prints, how it ends, and that every next step can be run."""

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.command_line.explain import explain
from gateway.setup.failures import FAILURES, SetupCode
from gateway.setup.host_cli import host
from gateway.setup.hosts import matrix
from gateway.setup.hosts.table import HOSTS, Tier
from scorecards.parsing import fault_of

RUNBOOKS = Path(__file__).parents[3] / "runbooks"


@pytest.fixture
def gonogo_host(tmp_path, monkeypatch):
    """Run the command for a user whose home is a folder of the test; returns click's result."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME", "GONOGO_BASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def run(*args, **given):
        return CliRunner().invoke(host, list(args), **given)

    return run


@pytest.mark.parametrize("chosen", [item.id for item in HOSTS if "linux" in item.files])
def test_from_no_file_to_an_entry_and_back(gonogo_host, tmp_path, chosen):
    """For each host: planned, applied, planned again with nothing to do, undone."""
    assert gonogo_host("plan", chosen).exit_code == 0
    done = gonogo_host("apply", chosen, "--yes", "--no-ask")
    assert done.exit_code == 0, done.output
    assert "holds the entry already" in gonogo_host("plan", chosen).output
    assert "was taken out" in gonogo_host("undo", chosen, "--yes").output
    assert [path for path in tmp_path.rglob("*") if path.is_file() and ".local" not in path.parts] == []


def test_what_stands_around_our_entry_is_never_printed(gonogo_host, tmp_path):
    """Hosts keep other servers' secrets in the same file."""
    (tmp_path / ".claude.json").write_text('{"mcpServers": {"x": {"env": {"TOKEN": "hunter22"}}}}')
    for args in (
        ["plan", "claude-code"],
        ["plan", "claude-code", "--format", "json"],
        ["apply", "claude-code", "--yes", "--no-ask"],
    ):
        assert "hunter22" not in gonogo_host(*args).output
    assert "hunter22" in (tmp_path / ".claude.json").read_text()


def test_a_plan_from_a_file_is_applied(gonogo_host, tmp_path):
    """The one that was reviewed; once the host's file has changed, it is refused with its code."""
    plan = tmp_path / "plan.json"
    assert gonogo_host("plan", "gemini", "--out", str(plan)).exit_code == 0
    assert gonogo_host("apply", "--plan", str(plan), "--yes", "--no-ask").exit_code == 0
    again = gonogo_host("apply", "--plan", str(plan), "--yes", "--no-ask")
    assert again.exit_code == 1
    assert "host_file_changed" in again.output


def test_without_a_terminal_nobody_is_asked(gonogo_host, tmp_path):
    """The flag is named, and nothing is changed."""
    done = gonogo_host("apply", "claude-code", "--no-ask")
    assert done.exit_code == 1
    assert "no_terminal" in done.output
    assert "gonogo host apply claude-code --yes" in done.output
    assert not (tmp_path / ".claude.json").exists()


def test_a_host_that_does_not_see_the_server_gets_its_file_back(gonogo_host, tmp_path, monkeypatch):
    """The change is undone, and the command ends with 1."""
    program = tmp_path / "bin" / "claude"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'gonogo: x - Failed to connect'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    done = gonogo_host("apply", "claude-code", "--yes")
    assert done.exit_code == 1
    assert "host_not_seen" in done.output
    assert not (tmp_path / ".claude.json").exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["plan", "clod"], "no host is called 'clod'; there are claude-code"),
        (["plan", "gemini", "--base-url", "ftp://x"], "no http:// or https:// address"),
        (["plan", "gemini", "--base-url", "http://u:hunter22@x"], "holds credentials"),
        (["plan", "gemini", "--file", "a", "--project", "b"], "give one of them"),
        (["apply"], "name a HOST, or a plan"),
        (["plan", "codex", "--project", "."], "no file in a project's folder"),
        (["plan", "claude-desktop"], "host_not_found"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_given_wrongly_is_named(gonogo_host, args, said):
    """With the field, and never with a secret."""
    done = gonogo_host(*args)
    assert done.exit_code in (1, 2)
    assert said in done.output
    assert "hunter22" not in done.output


def test_each_code_has_a_row_whose_command_parses_and_whose_runbook_exists():
    """The taxonomy is whole: who can fix it, and a next step that can be run as printed."""
    assert set(FAILURES) == set(SetupCode)
    for row in FAILURES.values():
        line = row.next.command.format(host="claude-code", file="FILE")
        assert fault_of(shlex.split(line)[1:]) == "", line
        assert (RUNBOOKS / row.next.runbook).is_file(), row.next.runbook


def test_the_matrix_says_unknown_for_a_host_that_nobody_ran(gonogo_host, monkeypatch):
    """A tier is shown only with the version for which it was shown; a format that is followed says so."""
    monkeypatch.setattr(matrix, "certified", dict)
    rows = json.loads(gonogo_host("matrix", "--format", "json").output)
    assert [row["certified"] for row in rows] == [None] * len(HOSTS)
    text = gonogo_host("matrix").output
    assert text.count("unknown: not_run") == sum(item.tier is not Tier.WRITTEN for item in HOSTS)
    assert gonogo_host("matrix", "--format", "md").output.startswith("| host | certified |")


def test_explain_knows_the_codes_of_a_setup():
    """As text and as JSON, by `gonogo explain`; the list of all codes has them."""
    text = CliRunner().invoke(explain, ["host_foreign_entry"]).output
    assert "gonogo host plan HOST --name gonogo-pay" in text
    assert "runbooks/setup-failures.md: gonogo runbook run setup-failures" in text
    assert json.loads(CliRunner().invoke(explain, ["no_terminal", "--format", "json"]).output)["who"] == "user"
    assert all(code in CliRunner().invoke(explain, []).output for code in SetupCode)
