"""The steps of the rail outage drill, on a small service that others run, and its payouts."""

import pytest
from drill_stage import crash_spec, elsewhere, write_document

from drills.payouts import of_second_tenant
from drills.perform import begin, conclude, make_plan, perform
from drills.report import text
from gates.schema.errors import UnknownProblem
from gates.schema.outcome import ExitCode
from gates.schema.target import Commands, Mode

SETUP = [{"action": name} for name in ("proxy_rail", "start_service", "start_storm")]
PAY = {"action": "start_payouts", "payouts": 400, "accepted": 2, "within": "15s"}
CUT = {"action": "cut_rail", "within": "1s"}
NOTICE = {"action": "observe_mode", "mode": "trust_only", "within": "1s"}
MORE = {"action": "accept_payouts", "accepted": 2, "within": "10s"}
HOLD = {"action": "hold_steady_state", "lasting": "300ms"}
BACK = {"action": "restore_rail"}
NORMAL = {"action": "observe_mode", "mode": "normal", "within": "5s"}
METHOD = [PAY, CUT, NOTICE, MORE, HOLD, BACK, NORMAL]
VERIFY = [{"action": name, "within": "30s"} for name in ("await_payouts", "wait_storm", "audit")]
MODE = Mode("/v1/status", "/mode", normal="good")


@pytest.fixture
def run_outage(rooms, tmp_path, console, monkeypatch):
    """Perform a rail outage with these modes as its commands; returns the exit code and the report."""
    with elsewhere(tmp_path) as service:
        monkeypatch.setenv("GONOGO_BASE_URL", service.url)
        monkeypatch.setenv("GONOGO_OTHER_AGENT_KEY", "k2")

        def run(method=METHOD, cut="trust_only", mode=MODE, commands=None):
            spec = crash_spec(evidence="rail-outage-drill", setup=SETUP, method=method, rollback=[BACK], verify=VERIFY)
            given = commands or Commands(cut_rail=service.set_mode(cut), restore_rail=service.set_mode("good"))
            target = write_document(tmp_path, "Target", "fake", service.target(given, mode=mode))
            drill = write_document(tmp_path, "Drill", "outage", spec)
            run = begin(make_plan(drill, target, 1, 150), tmp_path / "out", console)
            return perform(run), conclude(run)

        yield run


@pytest.mark.process
def test_payments_go_on_the_status_says_so_and_the_payouts_are_reconciled(run_outage):
    """Accepted meanwhile, decided afterwards, each charged once."""
    code, report = run_outage()
    assert code is ExitCode.GREEN, text(report)
    assert int(report.measures["payouts_meanwhile"].value) >= 2
    assert report.measures["extra_charges"].value == "0"
    for name in ("detect_s", "mitigate_s", "drain_s", "rto_s"):
        assert report.measures[name].value is not None, name


@pytest.mark.process
def test_a_payout_that_was_charged_twice_is_red(run_outage, monkeypatch):
    """The rail's own book decides."""
    monkeypatch.setenv("DRILL_EXTRA", "payout 7 was charged twice")
    code, report = run_outage()
    assert code is ExitCode.RED, text(report)
    assert report.deviations == ("extra_charge: payout 7 was charged twice",)


@pytest.mark.process
def test_an_outage_that_reaches_the_clients_is_red(run_outage):
    """Payments have to go on without the rail."""
    method = [PAY, CUT, HOLD, BACK]
    code, report = run_outage(method, cut="closed", mode=Mode("/v1/status", "/mode", normal="good", trust_only="closed"))
    assert code is ExitCode.RED, text(report)
    assert any("the fault reached the clients" in item for item in report.deviations)


@pytest.mark.process
def test_a_status_that_stays_trust_only_is_red(run_outage):
    """Honest recovery is part of it."""
    code, report = run_outage([PAY, CUT, NOTICE, {**NORMAL, "within": "300ms"}])
    assert code is ExitCode.RED, text(report)
    assert any("reports the mode 'trust_only', not 'good'" in item for item in report.deviations)


@pytest.mark.process
def test_an_outage_that_nothing_shows_is_unknown(run_outage):
    """The command ended with 0, and the service still reports the mode of before."""
    code, report = run_outage([PAY, CUT], cut="good")
    assert code is ExitCode.UNKNOWN, text(report)
    assert "the outage of the rail was not seen" in report.detail


def test_a_target_that_offers_no_way_to_take_its_rail_away_is_unknown(run_outage):
    """Before any load; both ways are named."""
    code, report = run_outage(commands=Commands(restore=("true",)))
    assert code is ExitCode.UNKNOWN, text(report)
    assert "has no process, nor commands.cut_rail and commands.restore_rail" in report.detail


def test_the_second_tenant_takes_the_names_of_the_first():
    """Its payouts touch no account of the storm, and it reads the rail itself, not the proxy."""
    environ = {"GONOGO_AGENT_KEY": "mine", "GONOGO_OTHER_AGENT_KEY": "theirs", "PATH": "/bin"}
    found = of_second_tenant(environ, "http://rail")
    assert (found["GONOGO_AGENT_KEY"], found["GONOGO_RAIL_URL"], found["PATH"]) == ("theirs", "http://rail", "/bin")
    with pytest.raises(UnknownProblem, match="there is no second tenant"):
        of_second_tenant({"GONOGO_AGENT_KEY": "mine"}, "http://rail")
