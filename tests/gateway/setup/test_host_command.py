"""`gonogo host`: what it prints, how it ends, and that every next step can be run."""

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.command_line.explain import explain
from gateway.setup.failures import FAILURES, SetupCode
from gateway.setup.host_cli import host
from gateway.setup.hosts import matrix
from gateway.setup.hosts.table import HOSTS, Tier
from gateway.setup.local import LocalState
from scorecards.parsing import fault_of

RUNBOOKS = Path(__file__).parents[3] / "runbooks"
OURS = ("GONOGO_BASE_URL", "GONOGO_KEY_FILE", "GONOGO_SETUP_STATE")


@pytest.fixture
def gonogo_host(tmp_path, monkeypatch):
    """Run the command for a user whose home is a folder of the test; returns click's result."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME", *OURS):
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


def commands_of(output):
    """The commands of `gonogo host` that an output names."""
    return [shlex.split(found) for found in re.findall(r"gonogo (host [^`\n]+)", output)]


@pytest.mark.parametrize("way", ["file", "plan"])
def test_the_next_command_is_about_the_same_places(gonogo_host, tmp_path, way):
    """The file, the name of the entry, the folder of what undo needs: it is taken back as printed."""
    file, plan, state = (str(tmp_path / name) for name in ("my hosts.json", "my plan.json", "undo it"))
    places = ["--file", file, "--name", "pay"]
    assert gonogo_host("plan", "cursor", *places, "--out", plan).exit_code == 0
    words = ["cursor", *places] if way == "file" else ["--plan", plan]
    asked = gonogo_host("apply", *words, "--no-ask", "--state", state)
    (again,) = commands_of(asked.output)
    assert asked.exit_code == 1, asked.output
    assert fault_of(again) == ""
    done = gonogo_host(*again[1:], "--no-ask")
    (undo,) = commands_of(done.output)
    assert (done.exit_code, fault_of(undo), Path(file).exists()) == (0, "", True), done.output
    (yes,) = commands_of(gonogo_host(*undo[1:]).output)
    assert yes[:3] == ["host", "undo", "cursor"]
    assert "was taken out" in gonogo_host(*yes[1:]).output
    assert not Path(file).exists()


def test_a_failure_leads_on_with_the_same_places(gonogo_host, tmp_path):
    """Also where the folder of what undo needs cannot be used: then it asks for another."""
    folder, shared = tmp_path / "a folder", tmp_path / "shared"
    folder.mkdir()
    (plan,) = commands_of(gonogo_host("plan", "cursor", "--file", str(folder), "--base-url", "http://pay.example").output)
    assert plan == ["host", "plan", "cursor", "--file", str(folder), "--base-url", "http://pay.example"]
    shared.mkdir()
    shared.chmod(0o777)
    failed = gonogo_host("apply", "cursor", "--yes", "--no-ask", "--name", "pay", "--state", str(shared))
    assert commands_of(failed.output)[-1] == ["host", "apply", "cursor", "--state", "FOLDER", "--name", "pay"]


def test_the_entry_is_for_the_gateway_of_the_last_setup(gonogo_host, tmp_path, monkeypatch):
    """As `gonogo setup` has written it, so that planning again finds nothing to do; an option comes first."""
    monkeypatch.setenv("GONOGO_SETUP_STATE", str(tmp_path / "setup"))
    assert "http://127.0.0.1:8080" in gonogo_host("plan", "cursor").output
    local = LocalState(tmp_path / "setup")
    with local.locked():
        local.begin("run_" + "1" * 32, "https://pay.example")
        local.save_key(tmp_path / "own.key", "gng_agent_1", "https://pay.example")
        local.save_key(tmp_path / "own.tenant-admin.key", "gng_admin_1", "https://pay.example")
    assert '"GONOGO_BASE_URL": "https://pay.example"' in gonogo_host("plan", "cursor").output
    assert f'"GONOGO_KEY_FILE": "{tmp_path / "own.key"}"' in gonogo_host("plan", "claude-desktop", "--file", "x.json").output
    assert "https://other.example" in gonogo_host("plan", "cursor", "--base-url", "https://other.example").output


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
