"""`gonogo setup` as a command: what it prints, how it ends, and that every code has a next step that can be run."""

import json
import os
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import msgspec
import pytest
from click.testing import CliRunner
from setup_stage import QUICK, RUN

from gates.export import SHIPPED, schema_bytes
from gateway.errors import Code
from gateway.machines.onboarding import OnboardingEvent, OnboardingState
from gateway.setup.failures import FAILURES, SetupCode
from gateway.setup.report import STEP_IDS, SetupReport, report_bytes, report_of
from gateway.setup.report_page import as_page
from gateway.setup.report_text import as_text
from gateway.setup.server_codes import SERVER_ROWS, row_of
from gateway.setup.setup_cli import setup
from gateway.setup.steps.table import STEPS
from scorecards.parsing import fault_of

RUNBOOKS = Path(__file__).parents[3] / "runbooks"
PLACED = {"PAYEE_ID": "pye_1", "TENANT_ID": "ten_1", "KEYS_FILE": "keys.json"}


@pytest.fixture
def command(stage, monkeypatch):
    """Run a command of `gonogo setup` on the machine of the test; click's result."""
    monkeypatch.setenv("GONOGO_SETUP_STATE", str(stage.local.folder))
    monkeypatch.delenv("GONOGO_BASE_URL", raising=False)
    return lambda *words: CliRunner().invoke(setup, list(words))


@pytest.mark.parametrize("code", sorted({*SetupCode, *SERVER_ROWS, *(code.value for code in Code)}))
def test_every_code_is_mapped_to_a_command_that_parses_and_a_runbook_that_exists(code):
    """Who fixes it, the next step, the command, the page; none is guessed from a text."""
    row = row_of(code)
    line = row.next.command.format(host="claude-code", file="FILE")
    assert row.code == code
    assert row.who in ("user", "operator")
    assert row.next.text.endswith(".")
    assert fault_of(shlex.split(line)[1:]) == "", line
    assert (RUNBOOKS / row.next.runbook).is_file(), row.next.runbook


def test_each_code_that_the_setup_can_raise_is_in_the_table():
    """Every SetupCode that is named in the code has a row, and every code of a server that a step acts on is mapped."""
    sources = [path.read_text(encoding="utf-8") for path in (RUNBOOKS.parent / "gateway" / "setup").rglob("*.py")]
    named = {name for text in sources for name in re.findall(r"SetupCode\.([A-Z_]+)", text)}
    assert {SetupCode[name] for name in named} == set(SetupCode) == set(FAILURES)
    acted = {"mail_unavailable", "login_unavailable", "otp_invalid", "otp_expired", "otp_used", "otp_locked", "otp_throttled"}
    assert acted | {"signup_closed", "signup_waitlisted", "tenant_disabled"} <= set(SERVER_ROWS)


def test_a_code_of_a_newer_gateway_has_a_next_step_too():
    """It is shown as it is."""
    row = row_of("brand_new_code")
    assert (row.code, row.who) == ("brand_new_code", "operator")
    assert "brand_new_code" in row.title


def test_the_client_has_a_step_for_each_state_that_it_can_come_to():
    """All states but the ends, and but `funding`, which no setup of this release enters."""
    ends = {OnboardingState.COMPLETED, OnboardingState.TRUST_ONLY, OnboardingState.PAUSED, OnboardingState.BLOCKED}
    assert set(STEPS) == set(OnboardingState) - ends - {OnboardingState.FUNDING}
    assert {name for name, _ in STEPS.values()} == set(STEP_IDS)
    sources = "".join(path.read_text(encoding="utf-8") for path in (RUNBOOKS.parent / "gateway" / "setup").rglob("*.py"))
    funded = {OnboardingEvent.FUND, OnboardingEvent.AVAILABLE, OnboardingEvent.FUNDING_FAILED, OnboardingEvent.CLEARING}
    assert {
        event for event in OnboardingEvent if not re.search(rf"(?:_E|OnboardingEvent|_EVENT)\.{event.name}\b", sources)
    } <= funded


def test_the_shipped_schema_is_that_of_the_type():
    """What `gonogo schema SetupReport` prints comes from the struct; GONOGO_UPDATE_GOLDEN=1 writes it again."""
    made = msgspec.json.schema(SetupReport)
    for part in made["$defs"].values():
        if "description" in part:
            part["description"] = "\n".join(line.strip() for line in part["description"].splitlines())
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "SetupReport"}
    wanted = msgspec.json.format(msgspec.json.encode({**head, **made}, order="sorted"), indent=2) + b"\n"
    if os.environ.get("GONOGO_UPDATE_GOLDEN"):
        SHIPPED["SetupReport"].write_bytes(wanted)
    assert schema_bytes("SetupReport") == wanted


@pytest.mark.parametrize("end", ["completed", "trust_only", "paused", "blocked"])
def test_every_report_validates_and_comes_out_the_same(stage, command, end):
    """Against the schema that `gonogo schema SetupReport` prints; as JSON, as text, and replayed."""
    if end == "completed":
        stage.gateway.funds, stage.gateway.demo_money = "100000", True
    if end == "blocked":
        stage.gateway.mode = "managed"
    choices = QUICK if end != "paused" else type(QUICK)()
    report = stage.walk(choices)
    assert report.outcome == end
    document = json.loads(report_bytes(report))
    jsonschema.Draft202012Validator(json.loads(schema_bytes("SetupReport"))).validate(document)
    stage.local.keep(RUN, "report.json", report_bytes(report))
    assert command("report", "--format", "json").stdout.encode() == report_bytes(report)
    replayed = command("replay")
    assert replayed.exit_code == 0, replayed.output
    assert "byte for byte" in replayed.output
    text = command("report").stdout
    assert text == as_text(report) + "\n"
    assert text.startswith(end.replace("_", " "))
    assert (report.failure is None) == (end == "completed")
    if report.failure is not None:
        assert report.failure.command in text
        assert all(part in report.failure.ticket for part in (RUN, report.failure.code, report.failure.runbook))


def test_replay_finds_a_report_with_other_bytes_and_a_changed_journal(stage, command):
    """8 for the report; 2 for a journal whose chain does not hold."""
    stage.walk()
    stage.local.keep(RUN, "report.json", b"{}\n")
    assert command("replay").exit_code == 8
    path = stage.local.journal_file(RUN)
    path.write_bytes(path.read_bytes().replace(b'"attempt":1', b'"attempt":7', 1))
    done = command("replay")
    assert done.exit_code == 1  # click's own code; `gonogo` ends with 2
    assert "journal_broken" in done.output


class Reader(HTMLParser):
    """Which tags a page has, and what they load."""

    def __init__(self):
        super().__init__()
        self.tags, self.loads = [], []

    def handle_starttag(self, tag, attrs):
        """Note it."""
        self.tags.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href")]


def test_the_page_of_a_report_is_one_file_with_its_pictures(stage, command):
    """A bar for each step that was taken and for each of the five that may be waited for; no script and no network."""
    stage.walk()
    page = stage.folder / "report.html"
    assert command("report", "--format", "html", "--out", str(page)).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert text == as_page(report_of(stage.lines), stage.lines)
    reader = Reader()
    reader.feed(text)
    assert reader.loads == []
    assert "script" not in reader.tags
    taken = sum(step.status != "skipped" for step in report_of(stage.lines).steps)
    assert reader.tags.count("svg") == taken + 5 + 6
    assert all(f"<td>{whom}</td>" in text for whom in ("user", "mail", "rail", "host", "gateway"))


def test_waiting_times_are_those_of_the_journal(stage):
    """A step's waits are part of its duration, and the mail is waited for where the code is typed."""
    from setup_stage import Answering

    from gateway.setup.lines import WAITS
    from gateway.setup.report import waits

    report = stage.walk(type(QUICK)(address=QUICK.address, hosts=("none",)), Answering(code=QUICK.code))
    assert all(0 <= step.waiting_ms <= step.duration_ms for step in report.steps)
    assert {whom for step, whom, ms in waits(stage.lines) if step == "code" and ms > 0} == {"mail", "gateway"}
    assert {whom for _, whom, _ in waits(stage.lines)} <= set(WAITS)


@pytest.mark.parametrize("words", [["resume"], ["report"], ["replay"]])
def test_without_a_run_there_is_nothing_to_go_on_with(command, words):
    """no_run, with the command that begins one."""
    done = command(*words)
    assert done.exit_code == 1
    assert "no_run" in done.output
    assert "gonogo setup run" in done.output


def test_a_run_of_another_gateway_is_not_resumed_there(stage, command):
    """other_gateway names both; nothing is sent."""
    stage.walk()
    done = command("resume", "--base-url", "http://other.test")
    assert "other_gateway" in done.output
    assert "http://gateway.test" in done.output


@pytest.mark.process
def test_a_setup_that_was_killed_before_its_first_line_goes_on(stage, command):
    """Its journal is there and empty: resume begins, and names what it cannot reach."""
    stage.local.folder.mkdir()
    stage.local.begin(RUN, "http://127.0.0.1:9")
    stage.local.run_folder(RUN).mkdir(parents=True)
    stage.local.journal_file(RUN).touch()
    done = command("resume")
    assert done.exit_code == 1
    assert "service_unreachable" in done.output


@pytest.mark.parametrize("run", ["../x", "run_", "run_" + "g" * 32, "RUN"])
def test_a_runs_id_is_no_path(command, run):
    """no_run; nothing outside of the folder is read."""
    assert "no_run" in command("report", "--run", run).output


def test_a_completed_setup_is_shown_again_and_nothing_is_done(stage, command):
    """Resume ends with 0, without a request."""
    stage.gateway.funds, stage.gateway.demo_money = "100000", True
    stage.walk()
    assert command("resume").exit_code == 0


def test_an_unknown_host_is_refused_before_anything_is_done(command):
    """With the hosts that there are."""
    done = command("run", "--host", "clod")
    assert done.exit_code == 2
    assert "claude-code" in done.output
