"""Evidence that was true once: of a source that was edited, of a build that was only given, of a text that was changed."""

import json

import pytest
from honest_state import BUILD
from honest_tools import JSON
from signing import document, first, put_signers
from ways import way

from gates.evidence.identity import OBSERVATION


@pytest.mark.process
@way("E16")
def test_an_edited_source_does_not_undo_a_red_answer(gonogo, tools) -> None:
    """Another command, another adapter: it is the same criterion that failed in this week on this build."""
    red = {"adapter": "command", "argv": ["echo", "open: 3"], "value": {"pattern": "open: (.*)"}}
    assert tools.tried(red, automatic_no_go=True).code == 1
    tools.service.pages["/open"] = (200, JSON, b'{"open": 0}')
    (run,) = [item for item in tools.listed() if item["kind"] == "adapter"]
    tools.gate({"adapter": "http", "url": "/open", "value": {"pointer": "/open"}}, automatic_no_go=True)
    assert tools.collect()[0] == 0
    reason = "a run of this week on this build (the criterion's source was edited since), which a later run does not undo"
    gonogo.refused(tools.judged_again("--now", run["finished_at"]), 1, reason)


@pytest.mark.process
@way("E17")
def test_an_observation_from_before_does_not_show_what_runs_now(gonogo, tools, monkeypatch) -> None:
    """The service reported its build a moment ago; now it answers 503, and --build says what it is."""
    source = {"adapter": "command", "argv": ["echo", "open: 0"], "value": {"pattern": "open: (.*)"}}
    assert tools.tried(source).code == 0
    (seen,) = [item for item in tools.listed() if item["kind"] == "build-observation"]
    monkeypatch.setenv(OBSERVATION, seen["digest"])
    tools.service.is_down = True
    code, _, err = tools.collect("--build", BUILD)
    assert code == 0, err
    ending = gonogo("gate", "run", "--gates", tools.gates, "--target", tools.folder / "shop.yaml", "--build", BUILD)
    gonogo.refused(ending, 3, "the build was given: the answer does not name the one that the service reported then")
    out = ("--out", tools.folder / "out", "--build", BUILD, "--target", tools.folder / "shop.yaml")
    gonogo("gate", "probe", "authorization-sweep", *out)
    (swept,) = [item for item in tools.listed() if item["kind"] == "authorization-sweep"]
    said = json.loads(gonogo("evidence", "show", swept["digest"], "--format", "json").out)
    assert said["predicate"]["build_observation"] is None


@pytest.mark.process
@way("E19")
def test_what_was_attested_is_what_is_there_now(gonogo, tools, tmp_path, monkeypatch) -> None:
    """Nobody has to collect again for that: the criterion and the document are held against what was signed."""
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    put_signers(tmp_path / "home", first(document(at="2020-01-01T00:00:00Z")), keys=tmp_path / "keys")
    attest = ("evidence", "attest", "quality/one", "--reason", "I have read the contract", "--as", "ada", "--expires", "30d")
    source, judged = {"adapter": "attestation", "about": "quality/one"}, {"priority": "P1", "operator": "gte", "threshold": "1"}
    tools.gate(source, **judged)
    assert gonogo(*attest, "--gates", tools.gates).code == 0
    tools.collect()
    assert "stale" not in tools.judged_again().text
    tools.gate(source, **judged, title="Another promise")
    gonogo.refused(tools.judged_again(), 3, "stale: the criterion quality/one is another text than was attested")
    paper = tools.write("audit.txt", "all is well")
    tools.gate({**source, "document": "audit.txt"}, **judged)
    assert gonogo(*attest, "--gates", tools.gates, "--file", paper).code == 0
    tools.collect()
    assert "stale" not in tools.judged_again().text
    paper.write_text("nothing is well")
    gonogo.refused(tools.judged_again(), 3, "stale: audit.txt is another text than was attested")
