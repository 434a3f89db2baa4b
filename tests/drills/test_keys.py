"""The steps of the two drills about receipt keys, on a small service that signs real receipts and has one defect at a time."""

import msgspec
import pytest
from drill_stage import crash_spec, receipts_elsewhere, receipts_target, write_document

from drills.keys import files
from drills.perform import begin, conclude, make_plan, perform
from drills.recompute import recompute
from drills.report import text
from gates.schema.errors import UnverifiedProblem
from gates.schema.outcome import ExitCode
from gates.schema.target import Audit, Commands

SETUP = [{"action": name} for name in ("start_service", "start_storm")]
PIN = {"action": "pin_keys", "receipts": 20, "within": "60s"}
ROTATE = {"action": "rotate_key", "within": "30s"}
STEAL = {"action": "steal_key", "within": "30s"}
NOTICE = {"action": "compare_with_books", "within": "30s"}
REVOKE = {"action": "revoke_key", "within": "30s"}
AFTER = {"action": "wait_for_settles", "share": ["0.5", "0.6"], "within": "60s"}
VERIFY = [{"action": name, "within": "60s"} for name in ("wait_storm", "audit", "verify_receipts")]
ROTATION, THEFT = [PIN, ROTATE, AFTER], [PIN, STEAL, NOTICE, REVOKE, AFTER]
IN_ANY_CASE = {"action": "revoke_key", "within": "5s"}


@pytest.fixture
def run_keys(rooms, tmp_path, console):
    """Perform a drill of this method on a service with this defect; returns the exit code and the report."""

    def run(method, defect="none", target=None, **changes):
        theft = STEAL in method
        kind = "key-compromise-drill" if theft else "key-rotation-drill"
        rollback = [IN_ANY_CASE] if theft else [{"action": "restore_service"}]
        spec = crash_spec(evidence=kind, setup=SETUP, method=method, rollback=rollback, verify=VERIFY)
        target = write_document(tmp_path, "Target", "fake", target or receipts_target(defect, **changes))
        drill = write_document(tmp_path, "Drill", "keys", spec)
        run = begin(make_plan(drill, target, 1, 250), tmp_path / "out", console)
        return perform(run), conclude(run)

    return run


def _values(report, *names):
    return [report.measures[name].value for name in names]


@pytest.mark.process
def test_a_rotation_leaves_every_receipt_valid_and_can_be_computed_again(run_keys, tmp_path):
    """Both keys signed, nothing was signed late; a receipt that is taken out of the folder changes the result."""
    code, report = run_keys(ROTATION)
    assert code is ExitCode.GREEN, text(report)
    wrong = ("signed_late", "without_receipt", "unverified_receipts", "old_receipts_refused", "continuity_faults")
    assert _values(report, *wrong) == ["0"] * 5
    assert all(report.measures[name].samples for name in wrong)
    assert int(report.measures["receipts_by_old_key"].value) >= 20
    assert int(report.measures["receipts_by_new_key"].value) > 0
    assert "is published in place of" in report.measures["faults"].detail
    out = tmp_path / "out"
    assert recompute(out).measures == report.measures
    receipts = out / files.RECEIPTS
    receipts.write_bytes(b"".join(receipts.read_bytes().splitlines(keepends=True)[:-2]))
    with pytest.raises(UnverifiedProblem, match="than the journal"):
        recompute(out)


@pytest.mark.process
def test_a_service_that_signs_on_with_the_old_key_is_red(run_keys):
    """It publishes the new key all the same: only its receipts show it."""
    code, report = run_keys(ROTATION, "stubborn")
    assert code is ExitCode.RED, text(report)
    assert int(report.measures["signed_late"].value) > 0
    assert report.measures["receipts_by_new_key"].unknown == "too_few_samples"
    assert any("sent after the cut-off are signed by the old key" in item for item in report.deviations)


@pytest.mark.process
def test_a_service_that_drops_the_old_key_is_red(run_keys):
    """The receipts of before no longer verify, and the published keys contradict those of before."""
    code, report = run_keys(ROTATION, "forgetful")
    assert code is ExitCode.RED, text(report)
    refused = report.measures["old_receipts_refused"]
    assert int(refused.value) == refused.samples > 0
    assert any("receipts from before the rotation no longer verify" in item for item in report.deviations)
    assert any("is no longer published" in item for item in report.deviations)


@pytest.mark.process
def test_a_settle_without_a_receipt_is_red(run_keys):
    """Acknowledged, and nothing to show for it."""
    code, report = run_keys(ROTATION, "sparing")
    assert code is ExitCode.RED, text(report)
    assert any("acknowledged operations have no receipt, the first: settle of pay_0" in item for item in report.deviations)


@pytest.mark.process
def test_a_rotation_that_changes_nothing_is_unknown(run_keys):
    """The command ended with 0, and no other key is published: nothing was rehearsed."""
    code, report = run_keys([PIN, {**ROTATE, "within": "5s"}, AFTER], commands=Commands(rotate_key=("true",)))
    assert code is ExitCode.UNKNOWN, text(report)
    assert "the rotation was not seen: another key in the published set: not within 5s" in report.detail
    assert {measure.value for measure in report.measures.values()} == {None}


@pytest.mark.process
def test_forged_receipts_verify_until_the_key_is_revoked(run_keys, tmp_path):
    """So the check can fail; honest receipts of the key are refused with them, and stay in the service's books as they were."""
    code, report = run_keys(THEFT)
    assert code is ExitCode.GREEN, text(report)
    assert _values(report, "forged_accepted_before", "forged_accepted", "forged_in_books") == ["2", "0", "0"]
    refused = report.measures["genuine_refused"]
    assert int(refused.value) == refused.samples >= 20
    assert _values(report, "receipts_changed", "unverified_receipts", "signed_late") == ["0", "0", "0"]
    for name in ("detect_s", "mitigate_s", "rto_s"):
        assert report.measures[name].value is not None, name
    assert "from the theft to a new key published" in report.measures["rto_s"].detail
    assert not (tmp_path / "out" / "stolen").exists()
    assert recompute(tmp_path / "out").measures == report.measures


@pytest.mark.process
def test_a_revocation_that_changes_nothing_is_a_failed_rollback(run_keys):
    """Exit 7: whoever has the key can sign on; the forged receipts that verify are counted."""
    commands = msgspec.structs.replace(receipts_target().commands, revoke_key=("true", "{keyid}"))
    code, report = run_keys([PIN, STEAL, NOTICE, {**REVOKE, "within": "5s"}], commands=commands)
    assert code is ExitCode.ROLLBACK_FAILED, text(report)
    assert report.measures["forged_accepted"].value == "2"
    assert any("the published keys do not have another one in place of" in item for item in report.deviations)


@pytest.mark.process
def test_a_service_of_others_that_signs_on_with_a_revoked_key_is_red(run_keys, tmp_path, monkeypatch):
    """Through the target's commands alone; its new receipts are worth as little as the forged ones."""
    with receipts_elsewhere(tmp_path, "stubborn") as target:
        monkeypatch.setenv("GONOGO_BASE_URL", target.base_url)  # for the small storm, which reads no target file
        code, report = run_keys(THEFT, target=target)
    assert code is ExitCode.RED, text(report)
    assert int(report.measures["signed_late"].value) > 0


@pytest.mark.process
def test_a_copied_key_that_is_not_the_one_that_signs_is_unknown(run_keys):
    """Nothing was stolen, so a refusal would show nothing."""
    code, report = run_keys(THEFT, "decoy")
    assert code is ExitCode.UNKNOWN, text(report)
    assert "commands.copy_key copied the key" in report.detail


@pytest.mark.parametrize(
    ("method", "lack"),
    [
        (ROTATION, "commands.rotate_key: rotate_key cannot be run"),
        (THEFT, "commands.copy_key and commands.revoke_key: steal_key cannot be run"),
    ],
)
def test_a_target_without_the_command_is_unknown_and_named(run_keys, method, lack):
    """Before anything is started; the next step names the member to add."""
    code, report = run_keys(method, commands=Commands())
    assert code is ExitCode.UNKNOWN
    assert f"has no {lack} (add it to the target file)" in report.detail


def test_a_target_without_receipts_is_unknown_and_named(run_keys):
    """There is nothing that a key could sign."""
    code, report = run_keys(ROTATION, audit=Audit())
    assert code is ExitCode.UNKNOWN
    assert "has no audit.receipts and audit.trust: pin_keys cannot be run" in report.detail
