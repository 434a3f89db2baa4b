"""The steps of the network drill, on a small service behind a real proxy."""

import msgspec
import pytest
from drill_stage import crash_spec, write_document

from drills.journal import read_journal
from drills.leftovers import carriers
from drills.perform import begin, conclude, make_plan, perform
from drills.report import text
from gates.schema.outcome import ExitCode

pytestmark = pytest.mark.process
SETUP = [{"action": name} for name in ("seed", "start_service", "proxy_network", "start_storm")]
NOTICE = {"action": "observe_steady_state", "within": "15s"}
RESTORE = {"action": "restore_network"}
HALF_OPEN = {"action": "half_open_network", "lose": "responses", "seen": 1, "within": "15s"}


@pytest.fixture
def run_network(rooms, tmp_path, target_file, console):
    """Perform a network drill of this method; returns the exit code, the report and the run."""

    def run(method, *, target=None, payments=150, **changes):
        spec = crash_spec(evidence="network-drill", setup=SETUP, method=method, rollback=[RESTORE], **changes)
        drill = write_document(tmp_path, "Drill", "network", spec)
        run = begin(make_plan(drill, target or target_file(), 1, payments), tmp_path / "out", console)
        code = perform(run)
        report = conclude(run)
        assert carriers(run.plan.run_id) == []
        return code, report, run

    return run


def test_a_half_open_network_is_seen_detected_and_taken_back(run_network):
    """Lost responses are counted by the proxy; the clients' times are the drill's RTO, and nothing is lost."""
    code, report, run = run_network([HALF_OPEN, NOTICE, RESTORE])
    assert code is ExitCode.GREEN, text(report)
    assert report.measures["faults"].value == "1"
    assert "responses lost by the proxy" in report.measures["faults"].detail
    assert report.measures["rpo_settles"].value == "0"
    assert float(report.measures["rto_s"].value) >= float(report.measures["detect_s"].value)
    fault = next(event for event in read_journal(run.journal.path).events if event.action == "fault")
    assert fault.facts["seen_ns"] > fault.facts["at_ns"]


def test_a_fault_that_the_probes_do_not_notice_is_red(run_network):
    """A network that is slow by nothing reaches nobody: the drill expected the probes to break."""
    slow = {"action": "slow_network", "delay_ms": 1, "seen": 1}
    code, report, _ = run_network([slow, {**NOTICE, "within": "1s"}])
    assert code is ExitCode.RED, text(report)
    assert any("the steady state still held after 1s" in item for item in report.deviations)


def test_a_fault_that_is_not_seen_is_unknown(run_network):
    """Nothing counts, and the network is given back."""
    code, report, _ = run_network([{**HALF_OPEN, "seen": 100000, "within": "1s"}])
    assert code is ExitCode.UNKNOWN, text(report)
    assert report.status == "not_run"
    assert "the fault of the network was not seen" in report.detail
    assert {measure.value for measure in report.measures.values()} == {None}


def test_a_lost_payment_makes_the_drill_red(run_network):
    """The audit of every payment decides, not the drill's steps."""
    code, report, _ = run_network([HALF_OPEN, NOTICE, RESTORE], storm={"profile": "leaky", "payments": 150})
    assert code is ExitCode.RED, text(report)
    assert report.measures["lost_settles"].value == "1"
    assert report.measures["rpo_settles"].value == "1"


def test_a_target_whose_address_is_no_variable_is_unknown_before_any_load(run_network, tmp_path, target_file):
    """Its clients could not be led through a proxy."""
    target = target_file(process=None, base_url="http://127.0.0.1:9")
    setup = [{"action": "proxy_network"}, {"action": "start_storm"}]
    spec = crash_spec(evidence="network-drill", setup=setup, method=[HALF_OPEN], rollback=[RESTORE])
    drill = write_document(tmp_path, "Drill", "away", spec)
    code, report, _ = run_network([HALF_OPEN], target=target) if drill is None else run_drill_file(drill, target, tmp_path)
    assert code is ExitCode.UNKNOWN, text(report)
    assert "write it as base_url: ${GONOGO_BASE_URL:-http://...}" in report.detail
    assert not (tmp_path / "away-out" / "storm").exists()


def run_drill_file(drill, target, tmp_path):
    """Perform a drill of a file in a folder of its own."""

    class Quiet:
        def step(self, note):
            """Say nothing."""

        note = step

    run = begin(make_plan(drill, target, 1, 150), tmp_path / "away-out", Quiet())
    return perform(run), conclude(run), run


def test_ten_lines_are_a_drill_of_ones_own(rooms, tmp_path, target_file, console):
    """From the method alone: the proxy is set up, the network given back, every payment audited, own evidence signed."""
    lines = """\
apiVersion: gonogo/v1
kind: Drill
metadata: {name: my-drill, title: My first drill}
spec:
  storm: {profile: fake, payments: 150}
  steady_state: {within: 15s, probes: [{probe: ready}, {probe: error_ratio, window: 300ms, at_most: "0.05", min_samples: 5}]}
  method:
    - {action: half_open_network, lose: requests, seen: 1}
    - {action: observe_steady_state, within: 15s}
"""
    assert len(lines.splitlines()) < 10
    path = tmp_path / "my-drill.yaml"
    path.write_text(lines)
    run = begin(make_plan(str(path), target_file(), 1, None), tmp_path / "out", console)
    code = perform(run)
    report = conclude(run)
    assert code is ExitCode.GREEN, text(report)
    assert report.evidence == "urn:gonogo:evidence:own-drill:v2"
    assert [event.status for event in read_journal(run.journal.path).events if event.action == "restore_network"][
        -1
    ] == "succeeded"
    assert msgspec.to_builtins(report.ending)["rolled_back"] == "verified"
