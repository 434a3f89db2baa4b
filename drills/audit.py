"""The last steps of a drill: let the storm finish, read its verdict, and check the database."""

import sqlite3
from itertools import groupby

import msgspec

from drills.control import runs_the_gateway
from drills.record import Check
from drills.rehearsal import Facts, Rehearsal
from drills.steps.storm import Audit, CheckDatabase, WaitStorm
from drills.storm import in_flight
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UnknownProblem


def wait_storm(run: Rehearsal, step: WaitStorm) -> Facts:
    """Start no more payments, and wait for the end of the storm."""
    storm = run.running_storm()
    storm.enough()
    run.wait_until(lambda: not storm.child.alive(), step.within, "the end of the storm")
    return {"exit_code": storm.end()}


_WORST_FIRST = ("lost_settle", "double_settle")
"""The rules whose findings are money that is gone or moved twice; one deviation is all that a headline shows."""


def audit(run: Rehearsal, _step: Audit) -> Facts:
    """Read the load run's verdict: each rule with findings is a deviation, money that is gone first."""
    check, facts = read_audit(run)
    findings = sorted(check.findings, key=lambda item: (*(item.rule != rule for rule in _WORST_FIRST),))
    for rule, found in groupby(findings, key=lambda item: item.rule):
        details = [item.detail for item in found]
        run.deviate(f"{rule}: {len(details)} found, the first: {details[0]}")
    return facts


def read_audit(run: Rehearsal) -> tuple[Check, Facts]:
    """Read and keep the load run's verdict, and count the attempts in flight at each kill."""
    folder = run.running_storm().out
    try:
        data = (folder / "check.json").read_bytes()
        check = msgspec.json.decode(data, type=Check)
    except (FileNotFoundError, msgspec.MsgspecError) as error:
        raise UnknownProblem(f"the storm wrote no check: {error}", next_step="see logs/storm.err") from None
    run.record.check = check
    run.record.in_flight = in_flight(folder / "history.jsonl", [kill.at_s for kill in run.record.kills])
    history = sha256_hex((folder / "history.jsonl").read_bytes())
    return check, {"findings": len(check.findings), "check_sha256": sha256_hex(data), "history_sha256": history}


def check_database(run: Rehearsal, _step: CheckDatabase) -> Facts:
    """PRAGMA integrity_check on the drill's database; another service may use another database, or none here."""
    path = run.service.db
    if not path.is_file() or not (runs_the_gateway(run.plan.target) or path.read_bytes()[:16] in (b"", b"SQLite format 3\0")):
        return {"integrity": "not checked: no SQLite file"}
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        rows = connection.execute("PRAGMA integrity_check").fetchall()
    except sqlite3.DatabaseError as error:
        rows = [(str(error),)]
    finally:
        connection.close()
    run.record.integrity = "; ".join(str(row[0]) for row in rows)
    if run.record.integrity != "ok":
        run.deviate(f"the database is corrupt: {run.record.integrity}")
    return {"integrity": run.record.integrity}
