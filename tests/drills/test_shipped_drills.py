"""The shipped drills on the reference gateway: real processes, a real storm, a real database on disk."""

import os
import subprocess
import sys

import msgspec
import pytest
from drill_stage import write_document
from statements import only_result
from waiting import eventually

from drills.journal import FILE, End, Ending, RolledBack, Status, read_journal
from drills.leftovers import carriers
from drills.power import mounted
from drills.record import PLAN_FILE, Plan
from drills.report import read_report
from drills.schema import drill_names, load_drill
from gates.evidence.keys import own_trust
from gates.evidence.statement import EvidenceKind
from gates.evidence.store import EvidenceStore
from gates.schema.target import load_target

CLEAN = Ending(End.COMPLETED, deviated=False, rolled_back=RolledBack.VERIFIED)


@pytest.fixture
def drill(tmp_path):
    """Run a command of the drills' command line in a folder outside of the repository."""

    def start(*argv):
        environ = {**os.environ, "GONOGO_HOME": str(tmp_path / "home")}
        log = (tmp_path / "drill.log").open("wb")
        with log:
            return subprocess.Popen([sys.executable, "-m", "drills", *argv], env=environ, cwd=tmp_path, stdout=log, stderr=log)

    return start


def _finish(popen, tmp_path):
    code = popen.wait(400)
    return code, (tmp_path / "drill.log").read_text()


def _die_after(action, popen, out):
    """SIGKILL for the drill, once its journal says that the action has succeeded."""

    def done():
        events = read_journal(out / FILE).events if (out / FILE).exists() else ()
        return any((event.action, event.status) == (action, Status.SUCCEEDED) for event in events)

    assert eventually(done, 240), (out.parent / "drill.log").read_text()
    popen.kill()
    popen.wait()


def _carriers(out):
    plan = msgspec.json.decode((out / PLAN_FILE).read_bytes(), type=Plan)
    return carriers(plan.run_id)


@pytest.mark.parametrize("name", drill_names())
def test_every_shipped_drill_is_a_valid_document_under_its_own_name(name):
    """The catalog's file name is the drill's name, and so is the kind of its evidence."""
    document = load_drill(name)
    assert (document.metadata.name, document.spec.evidence) == (name, f"{name}-drill")
    assert document.metadata.title


@pytest.mark.nightly  # by day a defect goes through this drill, and through the next
@pytest.mark.process
def test_nothing_is_lost_or_settled_twice_when_the_gateway_is_killed_in_a_storm(drill, tmp_path):
    """Two kills, two recoveries, a clean audit, and evidence that the state folder's key has signed."""
    out = tmp_path / "crash"
    code, log = _finish(drill("run", "crash", "--out", str(out), "--payments", "240"), tmp_path)
    report = read_report(out)
    assert code == 0, log
    assert report.ending == CLEAN
    assert report.integrity == "ok"
    assert {report.measures[name].value for name in ("double_settles", "lost_settles", "stuck_credits")} == {"0"}
    assert report.measures["kills"].value == "2"
    assert all(measure.value is not None for measure in report.measures.values())
    held = only_result(EvidenceStore(tmp_path / "home" / "evidence").load(own_trust(tmp_path / "home")))
    assert held.statement.predicate_type == EvidenceKind.CRASH_DRILL
    assert held.statement.subject[0].digest["build"] == report.build
    assert _carriers(out) == []


@pytest.mark.nightly
@pytest.mark.process
@pytest.mark.power
def test_nothing_acknowledged_is_lost_when_the_power_fails_in_a_storm(drill, tmp_path):
    """Two losses of what was not synced, two recoveries, a clean audit, and no disk left behind."""
    out = tmp_path / "power"
    code, log = _finish(drill("run", "power", "--out", str(out), "--payments", "240"), tmp_path)
    report = read_report(out)
    assert code == 0, log
    assert report.ending == CLEAN
    assert report.integrity == "ok"
    assert {report.measures[name].value for name in ("double_settles", "lost_settles", "replay_changes")} == {"0"}
    assert (report.measures["power_losses"].value, report.measures["unsynced_writes"].value != "0") == ("2", True)
    assert all(measure.value is not None for measure in report.measures.values())
    assert _carriers(out) == []
    assert not (out / "disk").is_mount()
    assert not any((out / "disk").iterdir())
    assert (out / "service-rail.db").is_file(), "the rail is another machine, whose power stays on"


@pytest.mark.nightly
@pytest.mark.process
@pytest.mark.power
@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("disk-full", {"refused_writes", "refusals", "acknowledgements"}),
        ("fsync-error", {"failed_syncs", "failures", "acknowledgements"}),
        ("slow-fsync", {"delayed_syncs", "acknowledgements"}),
    ],
)
def test_the_gateway_lives_through_what_a_disk_can_do(drill, tmp_path, name, counts):
    """Every fault is seen, clients are refused or served as they should be, nothing is lost or settled twice, no disk is left."""
    out = tmp_path / name
    code, log = _finish(drill("run", name, "--out", str(out), "--payments", "240"), tmp_path)
    report = read_report(out)
    assert code == 0, log
    assert (report.ending, report.integrity, report.deviations) == (CLEAN, "ok", ())
    assert {report.measures[item].value for item in ("double_settles", "lost_settles", "rpo_settles")} == {"0"}
    assert all(report.measures[item].samples > 0 for item in counts)
    assert all(measure.value is not None for measure in report.measures.values())
    assert _carriers(out) == []
    assert not (out / "disk").is_mount()


@pytest.mark.process
@pytest.mark.power
def test_a_power_drill_that_dies_leaves_neither_process_nor_disk_once_recovered(drill, tmp_path):
    """What was on its disk is gone with it, so there is nothing to roll back."""
    out = tmp_path / "killed"
    _die_after("cut_power", drill("run", "power", "--out", str(out), "--payments", "150", "--no-evidence"), out)
    assert eventually(lambda: not mounted(out / "disk"), 5), "its disk goes with it, before anybody recovers it"
    code, log = _finish(drill("recover", str(out)), tmp_path)
    assert code == 0, log
    assert read_journal(out / FILE).ending == Ending(End.INTERRUPTED, deviated=False, rolled_back=RolledBack.NOT_NEEDED)
    assert eventually(lambda: _carriers(out) == [], 5)
    assert not (out / "disk").is_mount()


@pytest.mark.process
def test_where_no_disk_can_lose_power_the_drill_says_so_and_its_evidence_is_unknown(drill, tmp_path, monkeypatch):
    """Nothing is started; every measure is unknown: not_run, which no gate takes for a pass."""
    out = tmp_path / "power"
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    code, log = _finish(drill("run", "power", "--out", str(out)), tmp_path)
    report = read_report(out)
    assert (code, report.status) == (3, "not_run")
    assert "needs fuse3 (apt-get install fuse3)" in report.detail
    assert report.detail.startswith("not run: needs ")
    assert {(measure.value, measure.unknown) for measure in report.measures.values()} == {(None, "not_run")}
    held = only_result(EvidenceStore(tmp_path / "home" / "evidence").load(own_trust(tmp_path / "home")))
    assert held.statement.predicate.status == "not_run"
    assert "apt-get install fuse3" in log


@pytest.mark.nightly
@pytest.mark.process
@pytest.mark.parametrize("name", ["restore", "restore-litestream"])
def test_a_lost_database_is_restored_every_loss_is_named_and_nothing_is_charged_twice(drill, tmp_path, name):
    """From a backup, and from a copy of its changes: losses are inside of the objective, and the rail's book is reconciled."""
    out = tmp_path / name
    code, log = _finish(drill("run", name, "--out", str(out)), tmp_path)
    report = read_report(out)
    assert code == 0, log
    assert (report.ending, report.integrity, report.deviations) == (CLEAN, "ok", ())
    names = ("losses_unexplained", "restored_odd", "charges_unaccounted", "second_charges", "double_settles")
    assert {report.measures[item].value for item in names} == {"0"}
    assert all(measure.value is not None and measure.samples > 0 for measure in report.measures.values())
    assert sum(line.startswith("settle of ") for line in report.lost) == int(report.measures["rpo_settles"].value)
    assert _carriers(out) == []
    assert not list(out.rglob("*.ltx")), "the secret scan cannot look into these"


@pytest.mark.nightly
@pytest.mark.process
def test_a_reconciliation_that_nobody_made_is_red(drill, tmp_path):
    """A command that prints that all is well accounts for none of the charges whose payouts were lost."""
    named = load_target("local")
    said = ("sh", "-c", """echo '{"matched": 6, "open": 0, "differences": []}'""")
    commands = msgspec.structs.replace(named.target.commands, reconcile=said)
    target = write_document(tmp_path, "Target", "careless", msgspec.structs.replace(named.target, commands=commands))
    out = tmp_path / "restore"
    argv = ("run", "restore", "--target", target, "--out", str(out), "--no-evidence")
    code, log = _finish(drill(*argv), tmp_path)
    assert code == 1, log
    assert "3 payouts were charged after the backup, and the reconciliation names 0" in read_report(out).deviations


@pytest.mark.nightly
@pytest.mark.process
def test_a_restore_drill_that_dies_without_its_database_is_recovered(drill, tmp_path):
    """SIGKILL once the files are gone: `recover` restores the backup, and the service starts on it."""
    out = tmp_path / "killed"
    _die_after("lose_database", drill("run", "restore", "--out", str(out), "--no-evidence"), out)
    code, log = _finish(drill("recover", str(out)), tmp_path)
    assert code == 0, log
    assert read_journal(out / FILE).ending == Ending(End.INTERRUPTED, deviated=False, rolled_back=RolledBack.VERIFIED)
    assert (out / "restored" / "service.db").is_file()
    assert eventually(lambda: _carriers(out) == [], 5)


@pytest.mark.nightly
@pytest.mark.process
def test_a_defective_candidate_is_noticed_and_the_release_before_comes_back(drill, tmp_path):
    """On the database that the candidate has migrated, with every payment accounted for."""
    out = tmp_path / "rollback"
    code, log = _finish(drill("run", "rollback", "--out", str(out), "--payments", "150", "--no-evidence"), tmp_path)
    report = read_report(out)
    assert code == 0, log
    assert report.ending == CLEAN
    assert report.build == report.builds["stable"] != report.builds["candidate"]
    assert report.measures["payments_unaccounted"].value == "0"
    assert report.measures["rollback_verified"].value == "1"
    assert not (tmp_path / "home").exists() or not (tmp_path / "home" / "evidence").exists()
    assert _carriers(out) == []


@pytest.mark.nightly
@pytest.mark.process
def test_a_rollback_drill_that_dies_on_the_candidate_is_recovered(drill, tmp_path):
    """SIGKILL while the candidate serves: nothing is left running, and the stable release starts on the migrated database."""
    out = tmp_path / "killed"
    _die_after("deploy_release", drill("run", "rollback", "--out", str(out), "--payments", "150", "--no-evidence"), out)
    code, log = _finish(drill("recover", str(out)), tmp_path)
    assert code == 0, log
    assert read_journal(out / FILE).ending == Ending(End.INTERRUPTED, deviated=False, rolled_back=RolledBack.VERIFIED)
    assert eventually(lambda: _carriers(out) == [], 5)


@pytest.mark.nightly
@pytest.mark.process
@pytest.mark.parametrize("name", ["key-rotation", "key-compromise"])
def test_the_gateways_receipts_keep_their_worth_when_a_key_is_replaced(drill, tmp_path, name):
    """Both keys signed, every receipt is judged by its own key, and the private key that was copied is gone."""
    out = tmp_path / name
    code, log = _finish(drill("run", name, "--out", str(out)), tmp_path)
    report = read_report(out)
    assert code == 0, log
    assert (report.ending, report.integrity, report.deviations) == (CLEAN, "ok", ())
    nothing = ("signed_late", "unverified_receipts", "without_receipt", "receipts_changed")
    assert {report.measures[item].value for item in nothing} == {"0"}
    assert all(measure.value is not None for measure in report.measures.values())
    assert _carriers(out) == []
    assert not (out / "stolen").exists()


@pytest.mark.nightly
@pytest.mark.process
def test_a_compromise_drill_that_dies_with_the_key_stolen_is_recovered(drill, tmp_path):
    """The thief's key is revoked: the service does not go on with it."""
    out = tmp_path / "killed"
    _die_after("steal_key", drill("run", "key-compromise", "--out", str(out), "--no-evidence"), out)
    code, log = _finish(drill("recover", str(out)), tmp_path)
    assert code == 0, log
    history = read_journal(out / FILE)
    assert history.ending == Ending(End.INTERRUPTED, deviated=False, rolled_back=RolledBack.VERIFIED)
    assert any(event.action == "cut_off" and event.facts["revoked"] for event in history.events)
    assert eventually(lambda: _carriers(out) == [], 5)
