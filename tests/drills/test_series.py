"""Several drills in one command: a row for each, whatever its end, and the exit code of the worst."""

import json
from pathlib import Path

import msgspec
import pytest

import drills
from drills.schema import drill_names
from drills.series import FIGURES, DrillRow, Series, table, worst
from gates.schema.errors import UsageProblem
from gates.schema.outcome import ExitCode
from gates.schema.time import parse_utc


def _row(code, **changes):
    row = DrillRow("crash", "PASSED", int(code), "", "2026-11-27T12:00:00.000Z", "0.4", "21", {"rto_s": "1.250", "rpo_s": None})
    return msgspec.structs.replace(row, **changes)


@pytest.mark.parametrize(
    ("codes", "ends"),
    [
        ([0, 0], 0),
        ([0, 3, 0], 3),
        ([3, 1, 2], 1),
        ([1, 6], 1),
        ([6, 2, 5], 6),
        ([7, 1], 7),
        ([1, 143], 143),
        ([2, 5, 3], 2),
    ],
)
def test_the_worst_end_is_the_exit_code(codes, ends):
    """A failed rollback before a red drill, a red one before one that could not run, and green only if all are."""
    assert worst([_row(code) for code in codes]) == ends


def test_the_table_tells_no_measure_from_one_that_was_not_measured():
    """A drill of a kind without a figure has "-", one that could not measure it "unknown", and what is missing stands below."""
    rows = (_row(0), _row(3, drill="power", outcome="UNKNOWN", detail="needs fuse3 (apt-get install fuse3)", figures={}))
    lines = table(Series("local", 1, 2, rows)).splitlines()
    assert lines[0].split() == ["drill", "outcome", *FIGURES, "seconds"]
    assert lines[1].split() == ["crash", "PASSED", "1.250", "unknown", "-", "-", "-", "-", "21"]
    assert lines[-1] == "power: needs fuse3 (apt-get install fuse3)"


def test_all_runs_every_shipped_drill_of_the_catalog(cli, tmp_path):
    """None is named by hand: a drill that is added is in the table; a dry run of each is unknown, never green."""
    done = cli("run", "--all", "--dry-run", "--out", str(tmp_path / "all"), "--format", "json")
    series = json.loads(done.stdout)
    assert tuple(row["drill"] for row in series["rows"]) == drill_names()
    assert {row["outcome"] for row in series["rows"]} == {"DRY RUN"}
    assert done.return_value == ExitCode.UNKNOWN
    assert all((tmp_path / "all" / name / "report.html").is_file() for name in drill_names())


@pytest.mark.parametrize("argv", [["run"], ["run", "crash", "--all"]], ids=["none", "one and all"])
def test_no_drill_or_one_and_all_is_refused(cli, argv):
    """Exit 2 says what to give."""
    with pytest.raises(UsageProblem):
        cli(*argv)


def test_a_drill_that_cannot_run_does_not_stop_those_after_it(cli, tmp_path):
    """The first is not a drill: its row says what is wrong, and the second has its own row."""
    (tmp_path / "broken.yaml").write_text("kind: Drill\n")
    done = cli("run", str(tmp_path / "broken.yaml"), "crash", "--dry-run", "--out", str(tmp_path / "all"), "--format", "json")
    first, second = json.loads(done.stdout)["rows"]
    assert (first["outcome"], first["exit_code"]) == ("NOT RUN", 2)
    assert "broken.yaml" in first["detail"]
    assert second["outcome"] == "DRY RUN"
    assert done.return_value == ExitCode.USAGE


def test_the_figures_that_readme_shows_are_those_of_shipped_drills():
    """They are what the command printed, each with its day, and every shipped drill has its row."""
    series = msgspec.json.decode((Path(drills.__file__).parent / "measured.json").read_bytes(), type=Series)
    assert {row.drill for row in series.rows} == set(drill_names())
    assert all(float(row.load or 0) >= 0 and parse_utc(row.began_at) for row in series.rows)


@pytest.mark.process
def test_a_red_drill_is_red_in_the_table_and_the_next_one_runs(rooms, cli, drill_file, target_file, tmp_path):
    """Real runs: one loses a settle, the next one passes; the command ends with 1."""
    leaky = drill_file("leaky", storm={"profile": "leaky", "payments": 150}, verify=_patient())
    fine = drill_file("fine", verify=_patient())
    argv = ["run", leaky, fine, "--target", target_file(), "--payments", "150", "--no-evidence", "--out", str(tmp_path / "all")]
    done = cli(*argv)
    lines = {line.split()[0]: line.split() for line in done.stdout.splitlines()[1:3]}
    assert done.return_value == ExitCode.RED, done.stdout
    assert (lines[leaky][1], lines[fine][1]) == ("FAILED", "PASSED"), done.stdout
    assert f"{leaky}: The service did not behave as expected: lost_settle" in done.stdout


def _patient():
    return [{"action": "wait_storm", "within": "120s"}, {"action": "audit"}]
