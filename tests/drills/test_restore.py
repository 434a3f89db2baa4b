"""The steps of the restore drill on a small service: what a restore brings back, loses, and may not lose."""

import msgspec
import pytest
from drill_stage import crash_spec, elsewhere, target_of, write_document

from drills.journal import RolledBack
from drills.page.make import FILE as PAGE
from drills.perform import begin, conclude, make_plan, perform
from drills.recompute import recompute
from drills.report import text
from drills.verdict import verdict
from gates.schema.outcome import ExitCode
from gates.schema.target import Audit, Commands, Operation

pytestmark = pytest.mark.process
LEDGER = Audit(ledger=Operation("/v1/ledger?after={after}", method="GET"))
METHOD = [
    {"action": "wait_for_settles", "share": ["0.15", "0.2"]},
    {"action": "back_up"},
    {"action": "settle_on", "settles": 5},
    {"action": "lose_database"},
    {"action": "restore_database"},
    {"action": "compare_restored", "rpo": "60s"},
    {"action": "return_traffic"},
]
ROLLBACK = [{"action": "return_traffic"}, {"action": "restore_service"}]
VERIFY = [{"action": "wait_storm", "within": "60s"}, {"action": "audit_restored"}]
BACKUP = "cp {db} {backup}"
RESTORE = "cp {backup} {restored_db}"


def shell(script):
    """A command of a target's file."""
    return ("sh", "-c", script)


def small_target(backup=BACKUP, restore=RESTORE, **changes):
    """The small service, which keeps its payments in a file, and whose commands copy it."""
    commands = Commands(backup=shell(backup), restore_database=shell(restore))
    return target_of("careful", **{"credentials": {"agent": "Bearer small"}, "audit": LEDGER, "commands": commands, **changes})


@pytest.fixture
def run_restore(rooms, tmp_path, console, monkeypatch):
    """Perform a restore drill on a target; returns the exit code and the report."""
    monkeypatch.setenv("DRILL_NAMED", "1")

    def run(target, method=METHOD, setup=("seed", "start_service", "start_storm")):
        spec = crash_spec(
            evidence="restore-drill",
            setup=[{"action": action} for action in setup],
            method=[{"within": "30s", **step} for step in method],
            rollback=[{"within": "60s", **step} for step in ROLLBACK],
            steady_state={**crash_spec()["steady_state"], "within": "60s"},
            verify=VERIFY,
        )
        path = write_document(tmp_path, "Target", "fake", target)
        run = begin(make_plan(write_document(tmp_path, "Drill", "restore", spec), path, 1, 300), tmp_path / "out", console)
        return perform(run), conclude(run)

    return run


def test_what_was_paid_after_the_backup_is_lost_named_and_counted(run_restore, tmp_path):
    """Each loss has its line; nothing else is missing; the file itself was seen to go. Its measures follow from its files."""
    code, report = run_restore(small_target())
    assert report.deviations == (), text(report)
    assert code is ExitCode.UNKNOWN, "no payouts were made, so nothing was reconciled"
    measured = report.measures
    lost, total = int(measured["rpo_settles"].value), measured["losses_unexplained"].samples
    assert lost >= int(measured["settles_at_risk"].value) >= 5
    assert float(measured["rpo_s"].value) > 0
    assert (measured["losses_unexplained"].value, measured["restored_odd"].value) == ("0", "0")
    assert int(measured["restored_operations"].value) == total - len(report.lost)
    assert sum(line.startswith("settle of pay_") for line in report.lost) == lost
    assert "every file of its database are gone" in measured["faults"].detail
    assert f"lost in the restore: {len(report.lost)} acknowledged operations" in text(report)
    assert recompute(tmp_path / "out").measures == measured
    page = (tmp_path / "out" / PAGE).read_text()
    assert f"{len(report.lost)} acknowledged operations of {total} were lost in the restore, {lost} of them settles." in page
    assert "All of it is inside of the objective." in page
    complete = {name: measure for name, measure in measured.items() if measure.value is not None}
    passed = verdict(msgspec.structs.replace(report, measures=complete))
    assert (passed.word, f"lost {len(report.lost)} acknowledged operations" in passed.sentence) == ("PASSED", True)


def test_a_restore_of_an_older_backup_than_stated_is_red(run_restore):
    """What was acknowledged before the backup began has to be in it."""
    code, report = run_restore(
        small_target(backup=f"{BACKUP}; head -n 20 {{backup}} > {{backup}}.old", restore="cp {backup}.old {restored_db}")
    )
    assert code is ExitCode.RED, text(report)
    assert any("before the backup began: what was restored is older than that backup" in item for item in report.deviations)
    assert int(report.measures["losses_unexplained"].value) > 0


def test_a_restore_that_drops_one_payment_is_red_and_names_it(run_restore):
    """All others are there, before it and after it."""
    code, report = run_restore(small_target(restore="grep -v '/pay/3/settle' {backup} > {restored_db}"))
    assert code is ExitCode.RED, text(report)
    assert [item for item in report.deviations if item.startswith("settle of pay_3 is lost: acknowledged")] == list(
        report.deviations
    )
    assert report.measures["losses_unexplained"].value == "1"


def test_a_payment_that_nobody_had_sent_and_half_a_payment_are_red(run_restore):
    """A restored database may hold nothing that its clients do not know of."""
    code, report = run_restore(
        small_target(restore="grep -v '/pay/2/reserve' {backup} > {restored_db}; echo /pay/99999/settle >> {restored_db}")
    )
    assert code is ExitCode.RED, text(report)
    assert any(
        "pay_99999: is in the restored ledger, and no request of a client explains it" in item for item in report.deviations
    )
    assert any("pay_2: the restored ledger has its settle, and not its reserve" in item for item in report.deviations)


def test_a_backup_that_cannot_be_restored_is_a_failed_rollback(run_restore):
    """Exit 7: the database is away, and somebody must know at once."""
    code, report = run_restore(small_target(restore="exit 3"))
    assert code is ExitCode.ROLLBACK_FAILED, text(report)
    assert any("the backup could not be restored: the target's command 'sh' failed: exit 3" in item for item in report.deviations)
    assert report.ending.rolled_back is RolledBack.FAILED


def test_a_drill_without_a_payment_after_its_backup_shows_nothing(run_restore):
    """Unknown, with the reason; the database was not lost."""
    code, report = run_restore(
        small_target(), [METHOD[0], METHOD[1], {**METHOD[2], "settles": 5000, "within": "100ms"}, *METHOD[3:]]
    )
    assert code is ExitCode.UNKNOWN, text(report)
    assert report.ending.rolled_back is RolledBack.VERIFIED
    assert report.measures["rpo_settles"].value is None


@pytest.mark.parametrize(
    ("changes", "lack"),
    [
        ({"commands": Commands(restore_database=("true",))}, "commands.backup: back_up cannot be run"),
        ({"commands": Commands(backup=("true",))}, "commands.restore_database: restore_database cannot be run"),
        ({"audit": Audit()}, "audit.ledger, in which every payment is looked up: compare_restored cannot be run"),
    ],
)
def test_a_target_without_what_it_needs_is_unknown_and_the_member_is_named(run_restore, changes, lack):
    """Nothing is started."""
    code, report = run_restore(small_target(**changes))
    assert (code, report.status) == (ExitCode.UNKNOWN, "not_run")
    assert f"the target 'fake' has no {lack} (add it to the target file)" in report.detail


def test_a_service_that_others_run_loses_its_database_by_its_own_commands(run_restore, tmp_path, monkeypatch):
    """It is seen to be gone, and compared once it runs again."""
    with elsewhere(tmp_path, "up-careful") as service:
        monkeypatch.setenv("GONOGO_BASE_URL", service.url)
        kill, up = " ".join(service.kill), " ".join(service.restore)
        commands = Commands(
            backup=shell(f"cp {service.db} {{backup}}"),
            lose_database=shell(f"{kill}; rm {service.db}"),
            restore_database=shell(f"cp {{backup}} {service.db}; echo closed > {service.db}.mode; {up}"),
            resume=service.set_mode("good"),
        )
        target = service.target(commands, audit=LEDGER, credentials={"agent": "Bearer small"})
        code, report = run_restore(target, setup=("start_service", "start_storm"))
    assert report.deviations == (), text(report)
    assert code is ExitCode.UNKNOWN, text(report)
    assert int(report.measures["rpo_settles"].value) > 0
    assert report.measures["faults"].detail == "lose_database: the service does not answer"


def test_litestream_that_is_not_installed_is_unknown_with_the_command(run_restore, monkeypatch, tmp_path):
    """Before anything is started."""
    monkeypatch.setattr("drills.restore.replica.PROGRAM", "no-such-litestream")
    code, report = run_restore(small_target(), [{"action": "replicate"}, *METHOD[2:]])
    assert (code, report.status) == (ExitCode.UNKNOWN, "not_run")
    assert "no-such-litestream is not installed (pip install 'gonogo[litestream]')" in report.detail
    assert not list((tmp_path / "out").glob("service.db*"))
    assert msgspec.json.encode(report)
