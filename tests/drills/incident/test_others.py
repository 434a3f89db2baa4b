"""An incident on a service that others run: the target's commands kill it, and bring it back."""

import os
import subprocess
import sys
from pathlib import Path

import drill_stage
import msgspec
import pytest
from late_machine import rehearse
from watched_shop import rehearsal_spec

from drills.journal import End, Ending, RolledBack
from drills.leftovers import carriers
from drills.perform import begin, conclude, make_plan, perform
from drills.record import read_plan
from gates.schema.canonical import canonical_json
from gates.schema.documents import API_VERSION, Document, Metadata
from gates.schema.outcome import ExitCode
from gates.schema.ports import free_port
from gates.schema.practice import seed_two_tenants
from gates.schema.target import Commands, Instance, load_target

COUNTS = ("pages_missing", "pages_off_time", "pages_unexpected", "pages_to_others", "pages_unresolved", "pages_without_runbook")
WALK = {"action": "walk_runbook", "name": "mitigate", "runbook": "rollback", "within": "60s"}
MANAGER = """
while sleep 0.1; do
  if [ -e "$3.wanted" ]; then
    rm "$3.wanted"
    setsid "$1" -P -m gateway serve --port "$2" --db "$3" > "$3.log" 2>&1 < /dev/null &
    echo $! > "$3.pid"
  fi
done
"""
"""A service manager: whoever asks it for the gateway has started nothing, and leaves nothing behind."""

UP = 'touch "$1.wanted"; until curl -fsS -o /dev/null "http://127.0.0.1:$2/readyz"; do sleep 0.1; done 2> /dev/null'
DOWN = 'kill -KILL -- "-$(cat "$1.pid")"'


@pytest.fixture
def rehearse_there(rooms, monkeypatch, tmp_path, console):
    """Perform a drill on a small service that the drill did not start; returns exit code and report."""

    def run(spec, service, **commands):
        monkeypatch.setenv("GONOGO_BASE_URL", service.url)
        drill = drill_stage.write_document(tmp_path, "Drill", "shop-down", spec)
        target = drill_stage.write_document(tmp_path, "Target", "fake", service.target(Commands(**commands)))
        run = begin(make_plan(drill, target, 1, None), tmp_path / "out", console)
        code = perform(run)
        report = conclude(run)
        assert carriers(run.plan.run_id) == []
        assert not list((tmp_path / "out").glob("watch-*/data"))
        return code, report

    return run


@pytest.mark.process
def test_the_page_of_a_service_that_others_run_arrives_and_ends(prometheus, alertmanager, watched_spec, rehearse_there, tmp_path):
    """Killed and restored by the target's commands, watched by the drill's own programs: green, and nothing is left."""
    setup = [step for step in watched_spec()["setup"] if step["action"] != "seed"]
    with drill_stage.elsewhere(tmp_path) as service:
        code, report = rehearse_there(watched_spec(setup=setup), service, kill=service.kill, restore=service.restore)
    assert code is ExitCode.GREEN, report
    assert report.ending == Ending(End.COMPLETED, deviated=False, rolled_back=RolledBack.VERIFIED)
    assert {name: report.measures[name].value for name in COUNTS} == dict.fromkeys(COUNTS, "0")


@pytest.mark.process
@pytest.mark.parametrize(
    ("method", "code", "why"),
    [
        ([{"action": "freeze"}], ExitCode.UNKNOWN, "nobody can stop the process of a service that others run"),
        ([{"action": "sigkill"}, WALK], ExitCode.USAGE, "rollback.md: not set: "),
    ],
    ids=["a process that hangs", "a runbook whose commands are not set"],
)
def test_what_cannot_be_done_there_is_said_before_anything_starts(rehearse_there, tmp_path, method, code, why):
    """Neither the service nor its clients notice the drill."""
    spec = rehearsal_spec(tmp_path, setup=[{"action": "start_service"}, {"action": "start_storm"}], method=method, verify=[])
    with drill_stage.elsewhere(tmp_path) as service:
        found, report = rehearse_there(spec, service, kill=service.kill, restore=service.restore)
    assert found is code
    assert why in report.detail
    assert (report.status, report.ending.rolled_back) == ("not_run", RolledBack.NOT_NEEDED)
    assert not (tmp_path / "out" / "storm").exists()


@pytest.mark.nightly(minutes=3)
@pytest.mark.process
def test_the_shipped_incident_runs_on_a_gateway_that_others_run(prometheus, alertmanager, promtool, tmp_path):
    """The gateway is killed and started by commands; its page arrives, and the runbook walks with these commands."""
    named, db, port = load_target("local"), tmp_path / "gateway.db", str(free_port())
    seeded = seed_two_tenants(named.target.process, db, os.environ)
    for name, text in (("manager", MANAGER), ("up", UP), ("down", DOWN)):
        (tmp_path / name).write_text(text)
    manager = ("bash", str(tmp_path / "manager"), sys.executable, port, str(db))
    start, kill = (("bash", str(tmp_path / name), str(db), port) for name in ("up", "down"))
    target = msgspec.structs.replace(
        named.target,
        process=None,
        rail=None,
        instance=Instance("/metrics", metric="process_start_time_seconds"),
        commands=Commands(kill=kill, restore=start),
    )
    path = tmp_path / "gateway.yaml"
    path.write_bytes(canonical_json(Document(API_VERSION, "Target", Metadata("gateway"), target)))
    environ = {**os.environ, **seeded, "GONOGO_HOME": str(tmp_path / "home"), "GONOGO_BASE_URL": f"http://127.0.0.1:{port}"}
    argv = [sys.executable, "-m", "drills", "run", "incident-kill", "--target", str(path)]
    with subprocess.Popen(manager, env=environ, cwd=tmp_path) as service_manager:
        try:
            subprocess.run(start, check=True, timeout=60)
            code, report, out, shown = rehearse(argv, tmp_path, environ)
        finally:
            service_manager.kill()
            subprocess.run(kill, check=False, timeout=30)
    assert code == 0, shown + Path(f"{db}.log").read_text()
    assert {name: report.measures[name].value for name in COUNTS} == dict.fromkeys(COUNTS, "0")
    assert carriers(read_plan(out).run_id) == []
