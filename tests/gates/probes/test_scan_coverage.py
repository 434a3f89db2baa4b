"""What a secret scan must have read: each kind of artifact that a review leaves, or it is unknown."""

import pytest
from artifacts import FILES, make_artifacts
from fake_payments import token

from gates.probes.secret_scan import make_probe
from gates.schema.outcome import ExitCode, UnknownReason
from gates.schema.target import Commands

pytestmark = pytest.mark.process


def test_a_scan_of_every_kind_of_artifact_is_clean(workbench, tmp_path):
    """Samples are files x forms that were looked for; the evidence counts the artifacts by their kinds."""
    done = workbench.run(make_probe([make_artifacts(tmp_path / "review")], {}))
    assert (done.result.measures["findings"].value, done.exit_code) == ("0", ExitCode.GREEN)
    facts = done.result.facts
    assert done.result.measures["findings"].made_of == facts["artifacts"] == dict.fromkeys(sorted(FILES), 1)
    assert done.result.measures["findings"].samples == facts["files"] * facts["forms"] > 6 * 100


def test_a_scan_of_one_file_is_unknown_and_names_what_is_missing(workbench, tmp_path):
    """The smallest trick: a file that holds "hello"."""
    (tmp_path / "hello.txt").write_text("hello\n")
    done = workbench.run(make_probe([tmp_path / "hello.txt"], {}))
    measure = done.result.measures["findings"]
    assert (measure.value, measure.unknown) == (None, UnknownReason.TOO_FEW_SAMPLES)
    named = ("the service's log", "load run's history", "probe's report", "evidence", "scorecard")
    assert all(name in measure.detail for name in named)
    assert done.exit_code is ExitCode.UNKNOWN


@pytest.mark.parametrize("kind", FILES)
def test_each_kind_of_artifact_is_required(workbench, tmp_path, kind):
    """Without it, or with an empty file of its name, nothing is clean."""
    folder = make_artifacts(tmp_path / "review", without=(kind,))
    can_drill = {"commands": Commands(kill=("kill",), restore=("restore",))}
    done = workbench.run(make_probe([folder], {}), **can_drill)
    assert done.result.measures["findings"].unknown is UnknownReason.TOO_FEW_SAMPLES
    empty = folder / FILES[kind][0]
    empty.parent.mkdir(exist_ok=True)
    empty.touch()
    again = workbench.run(make_probe([folder], {}), **can_drill)
    assert (again.exit_code, len(again.result.facts["artifacts_missing"])) == (ExitCode.UNKNOWN, 1)


def test_a_service_that_runs_elsewhere_has_its_log_named(workbench, tmp_path):
    """--server-log is the service's log whatever its name, and a secret in it is found."""
    folder = make_artifacts(tmp_path / "review", without=("server_log",))
    log = tmp_path / "app.log"
    log.write_text("GET / 200\n")
    assert workbench.run(make_probe([folder], {}, [log])).exit_code is ExitCode.GREEN
    log.write_text(f"authorization {token('ours', 'agent')}\n")
    assert workbench.run(make_probe([folder], {}, [log])).exit_code is ExitCode.RED


def test_a_secret_counts_whatever_else_is_missing(workbench, tmp_path):
    """One file, and it holds the agent's credential: red, and not unknown."""
    (tmp_path / "hello.txt").write_text(f"hello {token('ours', 'agent')}\n")
    done = workbench.run(make_probe([tmp_path / "hello.txt"], {}))
    assert (done.result.measures["findings"].value, done.exit_code) == ("1", ExitCode.RED)
