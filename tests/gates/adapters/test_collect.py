"""`gonogo evidence collect`: asks each source once, keeps what it answered, signs it, and the gates judge it."""

import datetime as dt
import json
import os
import sys
from pathlib import Path

import pytest
from other_tools import BUILD, OTHER_BUILD, answered

from gates.adapters import querying
from gates.adapters.shape import Scene
from gates.evidence.keys import own_trust
from gates.evidence.store import EvidenceStore
from gates.schema.source import CommandSource, Request
from gates.schema.time import format_utc, system_clock

pytestmark = pytest.mark.process

COMMAND = {"adapter": "command", "argv": ["echo", "n 0"], "value": {"pattern": "n (.*)"}}
FILE = {"adapter": "file", "path": "slo.json", "value": {"pointer": "/n"}, "time": {"pointer": "/at"}}


def _slo(tools, number: object = 0, **members: str) -> None:
    tools.write("slo.json", json.dumps({"n": number, "at": format_utc(system_clock()), **members}))


def _statements(tmp_path: Path) -> list:
    home = tmp_path / "home"
    held = EvidenceStore(home / "evidence").load(own_trust(home))
    return [item.statement for item in held if item.statement.predicate.kind == "adapter"]


def test_a_command_that_runs_now_decides_a_p0_gate(tools, tmp_path):
    """It is about the build that the service reports; the statement names the source, and keeps question and answer."""
    verdict = tools.judged(COMMAND)
    assert (verdict["outcome"], verdict["value"]) == ("pass", "0")
    (said,) = _statements(tmp_path)
    assert said.subject[0].digest["build"] == BUILD
    assert said.predicate.build_observation is not None
    kept = {artifact.name: artifact.sha256 for artifact in said.predicate.artifacts}
    assert set(kept) == {"source.json", "notes.json", "stdout.txt"}
    assert kept["source.json"] == said.predicate.inputs.source
    store = EvidenceStore(tmp_path / "home" / "evidence")
    assert json.loads(store.artifact_path(kept["source.json"]).read_bytes())["source"]["argv"] == COMMAND["argv"]
    assert store.artifact_path(kept["stdout.txt"]).read_bytes() == b"n 0\n"
    assert tools.run("evidence", "verify")[0] == 0


def test_a_release_that_takes_over_meanwhile_makes_the_answer_stale(tools, monkeypatch):
    """What was asked before and what answered are two builds: the answer is about neither."""
    answer, asked = tools.service.answer, []

    def deploy(method, target, *more):
        asked.append(target)
        if asked.count("/version") > 1:
            tools.service.build = OTHER_BUILD
        return answer(method, target, *more)

    monkeypatch.setattr(tools.service, "answer", deploy)
    tools.gate(COMMAND)
    assert tools.collect()[0] == 3
    tools.service.build, asked[:] = BUILD, []
    verdict = tools.verdict()
    assert (verdict["outcome"], verdict["unknown"]) == ("unknown", "stale")
    assert f"the service reported the build {OTHER_BUILD}, not {BUILD}" in verdict["detail"]


def test_a_failing_value_fails(tools):
    """Whichever tool measured it."""
    assert tools.judged({**COMMAND, "argv": ["echo", "n 3"]})["outcome"] == "fail"


def test_a_changed_source_has_no_evidence(tools):
    """Other arguments, another unit: what was collected before is about something else; another time limit changes nothing."""
    tools.judged(COMMAND)
    tools.gate({**COMMAND, "argv": ["echo", "n 0", "again"]})
    assert tools.verdict()["unknown"] == "missing"
    tools.gate(COMMAND, unit="items")
    assert tools.verdict()["unknown"] == "missing"
    tools.gate({**COMMAND, "timeout": "10s"})
    assert tools.verdict()["outcome"] == "pass"


def test_one_source_of_two_criteria_is_queried_once(tools, tmp_path):
    """A statement judges both."""
    tools.gate(COMMAND)
    text = tools.gates.read_text()
    doubled = text.replace("letter: A", "letter: C").replace("id: quality", "id: quality-two")
    tools.gates.write_text(text + "\n".join(doubled.splitlines()[doubled.splitlines().index("  gates:") + 1 :]) + "\n")
    code, out, _ = tools.collect()
    assert code == 0
    assert "quality/one, quality-two/one" in out
    assert len(_statements(tmp_path)) == 1


def test_a_file_that_names_its_build_decides_a_p0_gate(tools):
    """If it is the build under review; the one of another build is stale."""
    source = {**FILE, "build": {"pointer": "/sha"}}
    _slo(tools, sha=BUILD)
    assert tools.judged(source)["outcome"] == "pass"
    _slo(tools, sha=OTHER_BUILD)
    tools.collect()
    assert tools.verdict()["outcome"] == "pass", "the one of this build is still there"
    tools.service.build = OTHER_BUILD
    assert tools.verdict()["unknown"] != "missing"


def test_a_file_of_another_build_alone_is_stale(tools):
    """It is named so."""
    _slo(tools, sha=OTHER_BUILD)
    verdict = tools.judged({**FILE, "build": {"pointer": "/sha"}})
    assert verdict["unknown"] == "stale"
    assert "about another build" in verdict["detail"]
    code, out, _ = tools.collect()
    assert (code, "the build was given" in out) == (0, False)
    assert f"about the build {OTHER_BUILD[:12]}, not the one under test: it counts for nothing" in out


def test_a_file_that_names_no_build_counts_for_p1_only(tools):
    """The build that it is about is given: a P0 gate stays unknown, and says so."""
    _slo(tools)
    verdict = tools.judged(FILE)
    assert (verdict["unknown"], verdict["evidence"] is not None) == ("stale", True)
    assert "the build was given" in verdict["detail"]
    tools.gate(FILE, priority="P1")
    assert tools.verdict()["outcome"] == "pass"


def test_a_file_is_as_old_as_it_says(tools):
    """Collecting does not make it younger, and a copy or a touch does not either."""
    tools.write("slo.json", json.dumps({"n": 0, "at": "2026-01-01T00:00:00Z", "sha": BUILD}))
    verdict = tools.judged({**FILE, "build": {"pointer": "/sha"}}, max_age="7d")
    assert verdict["unknown"] == "stale"
    assert "more than 7d ago" in verdict["detail"]


def test_a_file_with_a_build_and_without_a_time_is_dated_by_its_last_change(tools):
    """The build shows which run it is of; the file system's date can only make it older than it is taken for."""
    _slo(tools, sha=BUILD)
    os.utime("slo.json", (1_767_225_600, 1_767_225_600))
    source = {**FILE, "build": {"pointer": "/sha"}, "time": {"pointer": "/no"}}
    assert "more than 7d ago" in tools.judged(source, max_age="7d")["detail"]


def test_whatever_report_lies_there_is_stale(tools):
    """A file that names neither its time nor its build, however new it is on the disk."""
    tools.write("slo.json", '{"n": 0}')
    verdict = tools.judged(FILE, priority="P1")
    assert verdict["unknown"] == "stale"
    assert "names neither the time nor the build" in verdict["detail"]


def test_a_source_that_stops_answering_takes_the_place_of_its_old_answer(tools):
    """An older good answer does not hide that there is none now."""
    tools.write("n.txt", "n 0")
    source = {**COMMAND, "argv": ["cat", "n.txt"]}
    assert tools.judged(source)["outcome"] == "pass"
    (tools.folder / "n.txt").unlink()
    code, out, _ = tools.collect()
    assert code == 3
    assert "unknown (adapter_error): cat ended with exit code 1" in out
    assert tools.verdict()["unknown"] == "adapter_error"


def test_of_two_answers_of_a_source_the_later_query_counts(tools):
    """However old the answer is: a repaired report is not hidden by the refusal before it, nor a worse one by a better."""
    source = {**FILE, "build": {"pointer": "/sha"}}
    tools.write("slo.json", "{}")
    assert tools.judged(source)["outcome"] == "unknown"
    hour_ago = format_utc(system_clock() - dt.timedelta(hours=1))
    tools.write("slo.json", json.dumps({"n": 0, "at": hour_ago, "sha": BUILD}))
    assert tools.judged(source)["outcome"] == "pass"
    two_hours_ago = format_utc(system_clock() - dt.timedelta(hours=2))
    tools.write("slo.json", json.dumps({"n": 3, "at": two_hours_ago, "sha": BUILD}))
    assert tools.judged(source)["outcome"] == "fail"


def test_the_child_gets_no_variable_that_the_source_does_not_name(tools, monkeypatch):
    """And what it gets by name is neither kept nor printed."""
    monkeypatch.setenv("SHOP_TOKEN", "very-secret-token")
    monkeypatch.setenv("OTHER_TOKEN", "another-secret-token")
    argv = ["sh", "-c", 'echo "n 0 $SHOP_TOKEN ${OTHER_TOKEN:-none} ${GONOGO_HOME:-none}"']
    source = {**COMMAND, "argv": argv, "environment": ["SHOP_TOKEN"], "value": {"pattern": "^n ([0-9]+) "}}
    tools.gate(source)
    code, out, err = tools.collect()
    assert code == 0, err
    kept = [path for path in (tools.folder.parent / "home").rglob("*") if path.is_file()]
    assert any(path.read_bytes() == b"n 0 [redacted] none none\n" for path in kept)
    assert not [path for path in kept if b"very-secret-token" in path.read_bytes()]
    assert "very-secret-token" not in out + err
    monkeypatch.delenv("SHOP_TOKEN")
    assert "unknown (missing): the environment variable SHOP_TOKEN is not set" in tools.collect()[1]


def test_a_package_of_the_working_folder_is_not_imported(tools):
    """Neither by the parent nor by the child: a folder named like one of ours answers nothing."""
    tools.write("gates/__init__.py", "raise SystemExit(0)")
    tools.write("json/__init__.py", "raise SystemExit(0)")
    assert tools.judged(COMMAND)["outcome"] == "pass"


def test_a_child_that_breaks_or_never_ends_is_an_answer_without_a_value(tools, monkeypatch):
    """The parent enforces time and size, whatever the child does."""
    source = CommandSource(argv=("true",), timeout="100ms")
    monkeypatch.setattr(querying, "GRACE_S", 0.0)
    for code, text in (("import time; time.sleep(60)", "took longer than 0.1 s"), ("print('hello')", "wrote no answer")):
        monkeypatch.setattr(querying, "room_argv", lambda *_, code=code: [sys.executable, "-c", code])
        limit = 20.0 if "hello" in code else 0.0
        monkeypatch.setattr(querying, "GRACE_S", limit)
        found = querying.query(Request(source, "count"), Scene("2026-11-30T10:00:00.000Z"), os.environ).found
        assert text in found.measure.detail
        assert found.measure.unknown == "adapter_error"


def test_the_childs_own_environment_is_scrubbed_too(folder, monkeypatch):
    """What an adapter's library reads from the environment is not the caller's."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    code = "import json, os; open('seen.json', 'w').write(json.dumps(sorted(os.environ)))"
    monkeypatch.setattr(querying, "room_argv", lambda *_: [sys.executable, "-c", code])
    querying.query(Request(CommandSource(argv=("true",)), "count"), Scene("2026-11-30T10:00:00.000Z"), os.environ)
    seen = set(json.loads((folder / "seen.json").read_text()))
    assert "PATH" in seen
    assert not seen & {"AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "GONOGO_HOME"}


def test_the_raw_files_give_the_measure_again_and_a_changed_byte_another(tools, tmp_path):
    """`evidence recompute`, which `scorecard verify --deep` runs."""
    tools.judged({**COMMAND, "argv": ["echo", "n 3"]})
    store, (said,) = EvidenceStore(tmp_path / "home" / "evidence"), _statements(tmp_path)
    laid = tmp_path / "laid"
    laid.mkdir()
    for artifact in said.predicate.artifacts:
        (laid / artifact.name).write_bytes(store.artifact_path(artifact.sha256).read_bytes())
    code, out, _ = tools.run("evidence", "recompute", laid)
    assert (code, json.loads(out)["measures"]["value"]["value"]) == (0, "3")
    (laid / "stdout.txt").write_bytes(b"n 4\n")
    assert json.loads(tools.run("evidence", "recompute", laid)[1])["measures"]["value"]["value"] == "4"
    (laid / "notes.json").unlink()
    code, _, err = tools.run("evidence", "recompute", laid)
    assert (code, "notes.json: no such file" in err) == (2, True)


def test_what_cannot_be_queried_is_refused_before_anything_is_queried(tools):
    """A criterion that is not there; a build that the service contradicts; a service that does not answer."""
    tools.gate(COMMAND)
    code, _, err = tools.collect("--only", "quality/two")
    assert (code, "use one of quality/one" in err) == (2, True)
    code, _, err = tools.collect("--build", OTHER_BUILD)
    assert (code, f"the service reports the build {BUILD}" in err) == (2, True)
    (tools.folder / "shop.yaml").write_text((tools.folder / "shop.yaml").read_text().replace(tools.url, "http://127.0.0.1:1"))
    code, _, err = tools.collect()
    assert (code, "the build of shop is not known" in err) == (3, True)


def test_a_gate_set_without_other_tools_has_nothing_to_collect(tools):
    """The shipped gates: said on stderr, exit 0."""
    code, _, err = tools.run("evidence", "collect", "--build", BUILD)
    assert (code, "no criterion has a source that an adapter reads" in err) == (0, True)


@pytest.mark.parametrize(
    ("source", "criterion", "text"),
    [
        ({**COMMAND, "argv": []}, {}, "source.argv is empty"),
        ({**COMMAND, "value": {}}, {}, "source.value has to have a pointer or a pattern"),
        ({**COMMAND, "value": {"pattern": "n"}}, {}, "has 0 groups"),
        ({**COMMAND, "value": {"pattern": "("}}, {}, "is not a regular expression"),
        ({**COMMAND, "value": {"pointer": "n"}}, {}, "'n' is not a pointer"),
        ({**COMMAND, "timeout": "2h"}, {}, "source.timeout 2h is not from 1ms to 1h"),
        ({**COMMAND, "exit_codes": [300]}, {}, "source.exit_codes 300"),
        ({**COMMAND, "environment": ["A-B"]}, {}, "source.environment 'A-B'"),
        ({"adapter": "command", "argv": ["true"]}, {"unit": "ms"}, "an exit code is a count"),
        ({"adapter": "junit", "paths": ["a.xml"]}, {"unit": "ratio"}, "the operator is one of gte, gt"),
        ({"adapter": "junit", "paths": ["a.xml"]}, {"operator": "gte", "threshold": "1"}, "the count is that of failures"),
        ({"adapter": "junit", "paths": ["a.xml"], "time": {"pointer": "/a"}}, {}, "JUnit files have build_property"),
        ({**FILE, "environment": ["A"]}, {}, "source.environment is for `run`"),
        ({**FILE, "utc_offset": "CET"}, {}, "source.utc_offset 'CET'"),
        ({"adapter": "junitt", "paths": ["a.xml"]}, {}, "Invalid value 'junitt'; one of"),
        ({**FILE, "pth": "x"}, {}, "unknown key 'pth'"),
    ],
)
def test_a_source_that_cannot_be_queried_as_written_is_refused(tools, source, criterion, text):
    """`gate validate` names the member and what is allowed."""
    tools.gate(source, **criterion)
    code, _, err = tools.run("gate", "validate", tools.gates)
    assert code == 2
    assert text in err


def test_the_source_is_explained_as_it_is_written(tools):
    """`gate explain` shows adapter, argument list or path, and the command that collects."""
    tools.gate(COMMAND)
    out = tools.run("gate", "explain", "A", "--gates", tools.gates)[1]
    assert "from command: echo 'n 0' matching n (.*)" in out
    assert "evidence collect" in out


def test_an_answer_without_a_value_is_kept_with_its_reason(folder):
    """So that the same reason is found again."""
    got = answered(CommandSource(argv=("false",)))
    assert got.fetched.files == {}
    assert (got.fetched.notes.unknown, got.found.measure.detail) == ("adapter_error", "false ended with exit code 1")
