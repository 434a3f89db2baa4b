"""Do a drill's measures follow from its files? Computed again from journal, record and the storm's own files."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import msgspec

from drills import storm
from drills.journal import FILE as JOURNAL_FILE
from drills.journal import Event, Status, read_journal
from drills.keys.case import cut_off_of, judge_folder
from drills.keys.verifying import Verified, verified, verify_argv
from drills.observations import observations
from drills.record import Check, Kill, read_check, read_plan, read_record
from drills.report import FILES, PAYOUTS, STORM, compared, make_report
from drills.restore.measures import unexplained
from gates.evidence.recomputed import Recomputed, read_recomputed
from gates.schema.errors import UnknownProblem, UnverifiedProblem
from gates.schema.outcome import ExitCode

_LIMIT_S = 600
_JUDGED = (ExitCode.GREEN, ExitCode.RED, ExitCode.UNKNOWN)


def recompute(folder: Path) -> Recomputed:
    """The measures that the files in `folder` give.

    Raises UsageProblem for a file that is missing or malformed, UnverifiedProblem if the record contradicts the journal or the
    storm's history, UnknownProblem if the load test cannot check its run again.
    """
    plan, record = read_plan(folder), read_record(folder)
    events = read_journal(folder / JOURNAL_FILE).events
    if not any(event.action == "recover" for event in events):  # the record of a drill that was killed died with it
        _require_kills(events, record.kills)
    if record.check is not None:
        record.check = _check_again(folder / STORM)
        restored = compared(plan, folder, events)
        record.check = record.check if restored is None else unexplained(record.check, restored)
        record.in_flight = storm.in_flight(folder / STORM / "history.jsonl", [kill.at_s for kill in record.kills])
    if record.payouts is not None:
        record.payouts = _payouts_again(folder / PAYOUTS, record.payouts)
    _require_receipts(folder, events)
    report = make_report(plan, folder, record)
    return Recomputed(plan.drill.evidence, report.measures, report.status)


def _require_kills(events: tuple[Event, ...], kills: list[Kill]) -> None:
    """The journal has every kill of the record, with the same numbers; raises UnverifiedProblem."""
    done = [event for event in events if event.status is Status.SUCCEEDED]
    killed = [event for event in done if event.action in ("sigkill", "cut_power")]
    settles = [event.facts.get("acknowledged_settles") for event in killed]
    if settles != [kill.settles for kill in kills]:
        raise UnverifiedProblem(f"record.json has {len(kills)} kills that are not the {len(killed)} of the journal")
    unsynced = [event.facts.get("unsynced_writes", 0) for event in killed]
    if unsynced != [kill.unsynced for kill in kills]:
        raise UnverifiedProblem("record.json has other unsynced writes than the journal")
    recovered = [event.facts.get("recover_s") for event in done if event.action == "restart"]
    if recovered != [f"{kill.recover_s:.3f}" for kill in kills if kill.recover_s is not None]:
        raise UnverifiedProblem("record.json has other times to recover than the journal")


def _require_receipts(folder: Path, events: tuple[Event, ...]) -> None:
    """The receipts in the folder give the counts of the journal, verified again; raises UnverifiedProblem."""
    judged = [event for event in events if event.action == "verify_receipts" and event.status is Status.SUCCEEDED]
    cut = cut_off_of(events)
    if not judged or cut is None:
        return
    again = judge_folder(folder, folder / FILES["history"], cut, _verify)
    said = observations(judged[-1:])
    wrong = [name for name, count in said.items() if again.counts.get(name) != (count.value, count.samples)]
    if wrong:
        raise UnverifiedProblem(f"the receipts and keys give another {', '.join(wrong)} than the journal")


def _verify(receipts: Path, keys: Path) -> tuple[Verified, ...]:
    done = subprocess.run(verify_argv(receipts, keys), capture_output=True, timeout=_LIMIT_S, check=False)
    return verified(done.stdout, done.stderr.decode(errors="replace"), done.returncode)


def _payouts_again(folder: Path, said: Check) -> Check:
    """What the load test finds in the three books of the payouts."""
    done = subprocess.run([*storm.LOAD, "recompute", str(folder)], capture_output=True, timeout=_LIMIT_S, check=False)
    try:
        return Check(read_recomputed(done.stdout).measures, said.findings)
    except msgspec.MsgspecError:
        words = done.stderr.decode(errors="replace").strip().splitlines()[:1] or ["no message"]
        raise UnknownProblem(f"{PAYOUTS}: the load test cannot judge its books again: {words[0]}") from None


def _check_again(folder: Path) -> Check:
    """What the load test's check finds in the storm's files; they are copied, since the check writes into the same folder."""
    with tempfile.TemporaryDirectory(prefix="recompute-") as scratch:
        copy = Path(scratch) / STORM
        shutil.copytree(folder, copy)
        (copy / "check.json").unlink(missing_ok=True)
        done = subprocess.run([*storm.LOAD, "check", str(copy)], capture_output=True, timeout=_LIMIT_S, check=False)
        if done.returncode not in _JUDGED or not (copy / "check.json").exists():
            said = done.stderr.decode(errors="replace").strip().splitlines()[:1] or ["no message"]
            raise UnknownProblem(f"{STORM}: the load test cannot check its run again: {said[0]}")
        return read_check(copy.parent)
