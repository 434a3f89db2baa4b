"""The hosts of a setup: files that are written, undone, refused, changed by somebody else."""

import msgspec
import pytest
from setup_stage import QUICK, Answering

from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.hosts.ask import Seen
from gateway.setup.hosts.files import HostFiles
from gateway.setup.report import report_of
from gateway.setup.report_page import page_of
from gateway.setup.report_text import counted

GEMINI = msgspec.structs.replace(QUICK, hosts=("gemini",))


def settings(stage):
    """Gemini's file."""
    return stage.folder / "home" / ".gemini" / "settings.json"


def step(report, name):
    """The report of a step."""
    return next(step for step in report.steps if step.id == name)


@pytest.mark.parametrize("hosts", [("gemini",), ("gemini", "claude-code", "codex")], ids=["one", "three"])
def test_hosts_get_our_entry_and_the_journal_says_what_changed(stage, hosts):
    """By the sha256 of the file before and after, planned before the file is touched; no path is in it."""
    report = stage.walk(msgspec.structs.replace(GEMINI, hosts=hosts))
    assert [host.host for host in report.hosts] == list(hosts)
    assert all(host.diff_sha256 for host in report.hosts)
    assert "/opt/gonogo/bin/gonogo" in settings(stage).read_text()
    assert str(stage.folder) not in "".join(str(line) for line in stage.lines)
    files = [line for line in stage.lines if line.file is not None]
    assert [(line.phase, line.file.before) for line in files] == [("planned", None), ("succeeded", None)] * len(hosts)


def test_a_host_that_has_the_entry_is_not_changed_again(stage):
    """A second setup asks nothing and changes nothing."""
    stage.walk(GEMINI)
    before = settings(stage).read_bytes()
    report = stage.walk(msgspec.structs.replace(GEMINI, apply=None), run="run_" + "1" * 32)
    assert report.outcome == "trust_only"
    assert settings(stage).read_bytes() == before


def test_a_host_that_does_not_see_the_server_gets_its_file_back(stage):
    """Undone first, then planned again; the second time it is left to its user, with the snippet."""
    settings(stage).parent.mkdir(parents=True)
    settings(stage).write_text('{\n  "a": 1\n}\n')
    stage.seen = (Seen.NOT_SEEN, "not connected")
    report = stage.walk(GEMINI)
    assert report.outcome == "trust_only"
    assert settings(stage).read_text() == '{\n  "a": 1\n}\n'
    assert (step(report, "see").code, step(report, "apply").code) == ("host_not_seen", "host_not_seen")
    assert report.hosts == ()
    assert "paste this by hand" in stage.said.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ('{"a": }', "host_file_unparsable"),
        ('{"mcpServers": []}', "host_file_shape"),
        ('{"mcpServers": {"gonogo": {"command": "x"}}}', "host_foreign_entry"),
    ],
)
def test_a_file_that_cannot_be_edited_stays_and_the_snippet_is_printed(stage, content, code):
    """The setup goes on; the step names the code and the next command."""
    settings(stage).parent.mkdir(parents=True)
    settings(stage).write_text(content)
    report = stage.walk(GEMINI)
    assert report.outcome == "trust_only"
    assert settings(stage).read_text() == content
    assert step(report, "apply").code == code
    assert step(report, "apply").next.startswith("gonogo host plan gemini")
    assert '"mcpServers"' in stage.said.getvalue()


def test_one_host_that_cannot_be_written_does_not_keep_the_others(stage):
    """A folder in place of its file."""
    settings(stage).mkdir(parents=True)
    report = stage.walk(msgspec.structs.replace(GEMINI, hosts=("gemini", "claude-code")))
    assert [host.host for host in report.hosts] == ["claude-code"]
    assert step(report, "apply").code == "host_file_unreadable"


def test_a_file_that_changes_in_between_is_planned_again(stage, monkeypatch):
    """Once more for each change, until the budget of three tries is spent."""
    apply = HostFiles.apply
    left = [1]

    def interrupted(self, plan):
        if left[0]:
            left[0] -= 1
            raise SetupProblem(SetupCode.HOST_FILE_CHANGED, "somebody wrote it")
        apply(self, plan)

    monkeypatch.setattr(HostFiles, "apply", interrupted)
    report = stage.walk(GEMINI)
    assert report.outcome == "trust_only"
    assert step(report, "apply").attempts == 2
    settings(stage).unlink()
    left[0] = 9
    paused = stage.walk(GEMINI, run="run_" + "2" * 32)
    assert (paused.outcome, paused.failure.code, left[0]) == ("paused", "host_file_changed", 6)


def test_a_user_who_does_not_want_the_change_gets_the_snippet(stage):
    """Nothing is written, and the setup goes on."""
    report = stage.walk(msgspec.structs.replace(GEMINI, apply=None), Answering(apply=False))
    assert report.outcome == "trust_only"
    assert not settings(stage).exists()
    assert "paste this into" in stage.said.getvalue()


def test_hosts_that_are_here_are_offered(stage):
    """With their files as the reason; Enter takes them."""
    settings(stage).parent.mkdir(parents=True)
    settings(stage).write_text("{}")
    stage.environ["PATH"] = ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")
        report = stage.walk(msgspec.structs.replace(QUICK, hosts=()), Answering())
    assert [host.host for host in report.hosts] == ["gemini"]


def test_a_host_that_is_misspelt_is_asked_for_again(stage):
    """The setup goes on with the next answer."""
    report = stage.walk(msgspec.structs.replace(QUICK, hosts=()), Answering(host=["gemini,clod", "gemini"]))
    assert [host.host for host in report.hosts] == ["gemini"]
    assert "no host is called 'clod'" in stage.said.getvalue()


def test_the_page_names_one_decision_as_one_and_no_code_at_a_step_that_is_done(stage):
    """A host that failed once and was left out later is no failure of a step that is done."""
    stage.walk(msgspec.structs.replace(QUICK, hosts=()), Answering(host="clod"))
    assert stage.walk(msgspec.structs.replace(QUICK, address=None)).outcome == "trust_only"
    page = page_of(report_of(stage.lines), stage.lines)
    assert {row.status for row in page.steps} == {"done", "skipped"}
    assert [counted(number, "decision") for number in (0, 1, 2)] == ["0 decisions", "1 decision", "2 decisions"]


def test_an_unknown_host_is_named_and_the_setup_pauses(stage):
    """After three answers, with the command that lists them."""
    report = stage.walk(msgspec.structs.replace(QUICK, hosts=()), Answering(host="clod"))
    assert (report.failure.code, report.failure.command) == ("host_not_found", "gonogo host matrix")
