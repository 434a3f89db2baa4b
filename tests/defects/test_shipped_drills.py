"""Each shipped drill against a gateway that is wrong in the way that the drill exists to find: it is red, and says why.

The gates' own defects go through crash and power in test_drills.py. The incident drills are red without their alert's rule:
tests/drills/incident/test_rehearsal.py and test_rail.py, tests/honesty/test_rehearsals.py.
"""

import os
import shlex
import subprocess
import sys

import msgspec
import pytest
from defects import FOLDER
from drill_stage import write_document

from drills.leftovers import carriers
from drills.record import read_plan
from drills.releases import SHIPPED, load_release, make_release
from drills.report import read_report
from drills.schema import drill_names, load_drill
from gates.schema.outcome import ExitCode
from gates.schema.target import load_target
from gateway import package_dir

RED = {
    "clock": ("keys_of_five_minutes", "replay_change"),
    "disk-full": ("full_disk_is_acknowledged", "lost_settle"),
    "fsync-error": ("failed_sync_is_acknowledged", "0 attempts failed within"),
    "key-compromise": ("revoked_is_retired", "the published keys do not have another one in place of"),
    "key-rotation": ("old_key_signs_on", "receipts of operations sent after the cut-off are signed by the old key"),
    "network": ("forgets-keys", "replay_change"),
    "pause": ("pause_refuses_nothing", "reserves"),
    "rail-outage": ("lost_reply_is_failure", "wrong_outcome"),
    "restore": ("rail_key_of_the_payout", "payouts that were requested again under their old keys were charged a second time"),
    "restore-litestream": ("rail_key_of_the_payout", "were charged a second time"),
    "rollback": ("refuses_what_was_added", "a newer release changed it"),
    "slow-fsync": ("slow_sync_is_taken_for_failed", "attempts acknowledged within"),
}
"""The drill, its defect, and words of a deviation, or of what else the drill says."""

NEVER = {"replicate": {"sync": "600s"}, "compare_restored": {"rpo": "600s"}}
"""With the shipped second between two copies it is chance whether the last payouts are in one; here no copy follows the first."""

STAYS = {"rollback", "slow-fsync"}
"""Drills that such a gateway leaves without a service: the rollback fails."""

ELSEWHERE = {"crash", "power", *(name for name in drill_names() if name.startswith("incident"))}
ON_DISK = {"disk-full", "fsync-error", "slow-fsync"}


def _sources(defect, folder):
    """A copy of the gateway with this defect: one of the drills, of the gates, or one that is shipped as a release."""
    places = [place for place in (FOLDER / "drills", FOLDER, SHIPPED) if (place / f"{defect}.yaml").exists()]
    return make_release(package_dir(), load_release(defect, places[0]), folder / defect)


def _target(defect, folder):
    """A target file by which this release of the gateway runs, and after it the shipped candidate."""
    local = load_target("local").target

    def by(argv, release=defect):
        paths = os.pathsep.join([str(folder / release), *(entry for entry in sys.path if entry)])
        return ("sh", "-c", f"PYTHONPATH={paths} PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1 exec {shlex.join(argv)}")

    start, commands = local.process.start, msgspec.structs.asdict(local.commands)
    ours = {name: by(argv) for name, argv in commands.items() if argv and argv[0] == "{python}"}
    process = msgspec.structs.replace(
        local.process, start=by(start), seed=by(local.process.seed), candidate=by(start, "candidate")
    )
    whole = msgspec.structs.replace(local, process=process, commands=msgspec.structs.replace(local.commands, **ours))
    return write_document(folder, "Target", "defective", whole)


def _drill(name, folder):
    """The shipped drill's name, or the file of one that leaves nothing to chance."""
    spec = msgspec.to_builtins(load_drill(name).spec)
    if all(step["action"] != "replicate" for step in spec["setup"]):
        return name
    for part in ("setup", "method"):
        spec[part] = [step | NEVER.get(step["action"], {}) for step in spec[part]]
    del spec["evidence"]
    return write_document(folder, "Drill", name, spec)


def test_every_shipped_drill_has_a_defect_that_it_finds():
    """One that is added needs one; every defect of the folder is used."""
    assert RED.keys() | ELSEWHERE == set(drill_names())
    assert {path.stem for path in (FOLDER / "drills").glob("*.yaml")} <= {defect for defect, _ in RED.values()}


@pytest.mark.nightly
@pytest.mark.process
@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.power] if name in ON_DISK else []) for name in RED])
def test_a_shipped_drill_is_red_on_a_gateway_that_is_wrong_where_the_drill_looks(name, tmp_path):
    """Its exit code is that of a finding, or of a rollback that failed; nothing is left running."""
    defect, words = RED[name]
    out, environ = tmp_path / "out", {**os.environ, "GONOGO_HOME": str(tmp_path / "home")}
    for release in (defect, "candidate"):
        _sources(release, tmp_path)
    drill, target = _drill(name, tmp_path), _target(defect, tmp_path)
    argv = [sys.executable, "-P", "-m", "drills", "run", drill, "--target", target, "--out", str(out)]
    done = subprocess.run(
        [*argv, "--no-evidence"], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600
    )
    shown, report = done.stdout + done.stderr, read_report(out)
    assert done.returncode == (ExitCode.ROLLBACK_FAILED if name in STAYS else ExitCode.RED), shown
    assert words in " ".join(report.deviations) or (name in STAYS and words in shown), shown
    assert carriers(read_plan(out).run_id) == []
