"""Full disk, failing and slow syncs, on a small service that is not the gateway: real mounts, processes and system calls."""

import pytest

from drills.journal import End, Ending, RolledBack
from drills.leftovers import carriers, mounts_below
from drills.perform import begin, conclude, make_plan, perform
from drills.recompute import recompute
from gates.schema.errors import UsageProblem
from gates.schema.outcome import ExitCode

pytestmark = [pytest.mark.process, pytest.mark.power]

CLEAN = Ending(End.COMPLETED, deviated=False, rolled_back=RolledBack.VERIFIED)
FULL = [
    {"action": "fill_disk", "within": "15s"},
    {"action": "observe_clients", "expect": "refused", "count": 3, "within": "15s"},
    {"action": "read_service", "count": 4},
    {"action": "heal_disk"},
    {"action": "observe_clients", "expect": "acknowledged", "count": 3, "within": "15s"},
]
FAILING = [
    {"action": "fail_syncs", "within": "15s"},
    {"action": "observe_clients", "expect": "failed", "count": 3, "within": "2s"},
    {"action": "heal_disk"},
    {"action": "observe_clients", "expect": "acknowledged", "count": 3, "within": "15s"},
]
SLOW = [
    {"action": "slow_syncs", "delay": "20ms", "within": "15s"},
    {"action": "observe_clients", "expect": "acknowledged", "count": 3, "within": "15s"},
    {"action": "read_service", "count": 4},
]


@pytest.fixture
def rehearse(rooms, tmp_path, console, drill_file, target_file):
    """Perform a disk drill with this method on the small service in one of its ways; returns exit code and report."""

    def run(evidence, method, what="careful"):
        drill = drill_file(evidence=evidence, setup=[], method=method, rollback=[], verify=[])
        run = begin(make_plan(drill, target_file(what), 1, None), tmp_path / "out", console)
        code, report = perform(run), conclude(run)
        assert carriers(run.plan.run_id) == []
        assert mounts_below(tmp_path / "out") == ()
        return code, report

    return run


def test_a_service_that_refuses_while_the_disk_is_full_and_comes_back_passes(rehearse, tmp_path):
    """The fault is seen, refusals and reads are counted, and all of it can be computed again from the files."""
    code, report = rehearse("disk-full-drill", FULL)
    assert (report.deviations, report.ending) == ((), CLEAN)
    counts = {name: report.measures[name] for name in ("refused_writes", "refusals", "failed_reads", "acknowledgements")}
    assert min(int(counts[name].value) for name in ("refusals", "acknowledgements")) >= 3
    assert (counts["failed_reads"].value, counts["failed_reads"].samples, counts["refused_writes"].samples > 0) == ("0", 4, True)
    assert "refused for lack of room" in report.measures["faults"].detail
    assert float(report.measures["rto_s"].value) > 0
    assert recompute(tmp_path / "out").measures == report.measures
    assert code is ExitCode.GREEN, {name: item for name, item in report.measures.items() if item.value is None}


def test_a_service_that_hangs_up_while_the_disk_is_full_deviates(rehearse):
    """Nobody knows what a dropped connection means, so it is no refusal; exit 1."""
    code, report = rehearse("disk-full-drill", [*FULL[:1], {**FULL[1], "within": "2s"}], "silent")
    assert (code, report.ending.deviated) == (ExitCode.RED, True)
    assert report.deviations[0].startswith("0 attempts refused within 2s, not 3: ")
    assert "x no answer" in report.deviations[0]


def test_a_service_that_keeps_nothing_on_the_disk_is_not_run(rehearse):
    """No write met the full disk, so nothing was rehearsed: exit 3, every measure unknown, with the reason."""
    code, report = rehearse("disk-full-drill", [{**FULL[0], "within": "1s"}], "serve")
    assert (code, report.status) == (ExitCode.UNKNOWN, "not_run")
    assert "no program met the fault of the disk within 1s (have the service keep its database in {db})" in report.detail
    assert {measure.unknown for measure in report.measures.values()} == {"not_run"}


def test_a_service_that_acknowledges_although_syncs_fail_deviates(rehearse):
    """It ignores what fsync returns; exit 1."""
    code, report = rehearse("fsync-error-drill", FAILING[:2], "careless")
    assert (code, report.ending.deviated) == (ExitCode.RED, True)
    assert report.deviations[0].startswith("0 attempts failed within 2s, not 3: ")
    assert "x 200" in report.deviations[0]


def test_a_service_that_does_not_acknowledge_while_syncs_fail_passes(rehearse):
    """And acknowledges again when they work."""
    code, report = rehearse("fsync-error-drill", FAILING)
    assert (code, report.deviations, report.ending) == (ExitCode.GREEN, (), CLEAN)
    assert int(report.measures["failures"].value) >= 3
    assert int(report.measures["failed_syncs"].value) >= 1


def test_a_service_that_goes_on_while_syncs_are_slow_passes_and_the_rollback_ends_the_fault(rehearse):
    """The method leaves the disk slow; the rollback heals it, and the steady state holds again."""
    code, report = rehearse("slow-fsync-drill", SLOW)
    assert (code, report.deviations, report.ending) == (ExitCode.GREEN, (), CLEAN)
    assert int(report.measures["delayed_syncs"].value) >= 1
    assert ("rollback", "heal_disk", "succeeded") in [(item.phase, item.what, item.status) for item in report.timeline]


def test_a_service_that_stands_still_while_syncs_are_slow_deviates(rehearse):
    """A delay longer than the patience of the clients: nobody is acknowledged; exit 1, since the disk is healed afterwards."""
    method = [{**SLOW[0], "delay": "60s"}, {**SLOW[1], "within": "1s"}]
    code, report = rehearse("slow-fsync-drill", method)
    assert (code, report.ending) == (ExitCode.RED, Ending(End.COMPLETED, deviated=True, rolled_back=RolledBack.VERIFIED))
    assert report.deviations[0].startswith("0 attempts acknowledged within 1s, not 3: ")


def test_a_delay_that_is_no_duration_is_refused_with_its_place(rehearse):
    """Before anything starts."""
    with pytest.raises(UsageProblem, match=r"spec\.method\[0\]: 'soon' is not a duration such as 250ms"):
        rehearse("slow-fsync-drill", [{**SLOW[0], "delay": "soon"}])


def test_a_fault_of_the_disk_without_a_disk_is_refused(rooms, drill_file, target_file):
    """The setup that is written has to mount it."""
    drill = drill_file(evidence="disk-full-drill", method=FULL)
    with pytest.raises(UsageProblem, match="fill_disk needs mount_disk there"):
        make_plan(drill, target_file("careful"), 1, None)
