"""Ways that were found by attacking the product once the known ones were closed."""

import json
import re
import shutil
from itertools import pairwise

import msgspec
import pytest
from honest_state import BUILD, CLEAN, NOW, criterion, gate
from honest_weeks import Weeks
from signing import CI, document, first, key, put_signers, signer, signers, waiver_act
from ways import way

from gates.evidence.keys import load_signer, own_trust
from gates.evidence.statement import Measure
from gates.schema.gateset import load_gates
from gates.schema.target import load_target
from gates.schema.waiver import waived_gate
from gates.signers.private import keep_key

LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture
def weeks(gonogo, tmp_path, monkeypatch) -> Weeks:
    """A rehearsal in which weeks pass."""
    return Weeks(gonogo.home, tmp_path, gonogo, monkeypatch)


@way("X1")
def test_what_a_scorecard_of_this_week_showed_is_not_undone_by_another_criterion(gonogo, weeks, tmp_path) -> None:
    """Another limit, measure or name, no automatic NO GO, another gate: no last week is there to compare with."""
    strict = criterion(automatic_no_go=True)
    weeks.measure("2026-11-26", Measure("1", "count", 412), lost_settles=CLEAN)
    assert weeks.card("2026-11-26", "10:00", gate(strict)).code == 1
    weeks.measure("2026-11-27", CLEAN, lost_settles=CLEAN)
    changed = {
        "limit": gate({**strict, "threshold": "5"}),
        "measure": gate(criterion("lost_settles", id="double_settles", automatic_no_go=True)),
        "stops nothing alone": gate(criterion()),
        "name": gate({**strict, "id": "doubles", "threshold": "5"}),
        "gate": gate({**strict, "threshold": "5"}, id="cash"),
    }
    reason = "failed it in this week, which neither other requirements nor other evidence undo"
    for what, loose in changed.items():
        gonogo.refused(weeks.judge(loose), 1, reason)
        assert "1, threshold at most 0" in weeks.judge(loose).text, what
    ending = weeks.card("2026-11-27", "12:05", changed["gate"])
    gonogo.refused(ending, 1, reason)
    assert ", official" in ending.text
    inputs = weeks.folder / "inputs.yaml"
    assert gonogo("scorecard", "verify", weeks.folder).code == 0
    whole = msgspec.yaml.decode(inputs.read_bytes())
    inputs.write_bytes(msgspec.yaml.encode({**whole, "spec": {**whole["spec"], "shown": []}}))
    gonogo.refused(gonogo("scorecard", "verify", weeks.folder), 8, "leaves out that money double_settles failed by the run")
    put_signers(weeks.state.home, first(document(at=LONG_AGO)), keys=tmp_path / "keys")
    words = ("--reason", "the checker was wrong", "--as", "ada", "--as", "grace", "--gates", weeks.state.gate_file(gate()))
    (digest,) = [run["evidence"] for run in weeks.spec()["red_runs"]]
    explained = gonogo("scorecard", "explain-red", digest[:12], *words)
    assert explained.code == 0, explained.text
    assert weeks.judge(changed["gate"]).code == 0


@way("X2")
def test_a_chosen_part_of_another_machines_log_is_named(gonogo, state, tmp_path) -> None:
    """Its key is listed, so what it measured counts; that nobody here knows the rest of its log stands on the card."""
    put_signers(state.home, first(document(at=LONG_AGO)), keys=tmp_path / "keys")
    green = tmp_path / "green.json"
    green.write_bytes(state.signed(state.statement(), by=signer(CI)))
    assert gonogo("evidence", "add", green).code == 0
    state.record({}, status="not_run")  # what a review says of a step that it leaves out was added by nobody
    out = tmp_path / "card"
    build = ("scorecard", "build", "--gates", state.gate_file(gate()), "--build", BUILD, "--now", NOW, "--out", out)
    gonogo.refused(gonogo(*build), 0, "1 statement was added, not measured under this log (")
    inputs = out / "inputs.yaml"
    inputs.write_text(re.sub(r"    added:\n( +- .*\n)+", "    added: []\n", inputs.read_text()))
    gonogo.refused(gonogo("scorecard", "verify", out), 8, "inputs.yaml: does not say what log.jsonl shows: 1 statement was added")


@pytest.mark.process
@way("X3")
def test_a_number_that_no_reader_holds_is_missing(gonogo, tools) -> None:
    """Of 5,000 digits: the folder is judged all the same, now and later."""
    source = {"adapter": "command", "argv": ["printf", "open: " + "9" * 5_000], "value": {"pattern": "open: (.*)"}}
    gonogo.refused(tools.tried(source, threshold="0"), 3, "is not a finite decimal number")
    tools.gate(source, threshold="1" * 5_000)
    gonogo.refused(tools.judged_again(), 2, "is not a decimal number")


@pytest.mark.process
@way("X4")
def test_results_outside_of_a_sarif_run_are_not_lost(gonogo, tools) -> None:
    """In another file, or in another place of the same file: SARIF allows both, and a reader of runs alone sees none."""
    run = {"tool": {"driver": {"name": "S"}}, "invocations": [{"executionSuccessful": True}], "results": []}
    outside = {"externalPropertyFileReferences": {"results": [{"location": {"uri": "results.sarif"}, "itemCount": 3}]}}
    inside = {"inlineExternalProperties": [{"results": [{"ruleId": "py/log-secret", "level": "error"}]}]}
    for number, (of_run, of_file) in enumerate((({**run, **outside}, {}), (run, inside))):
        tools.write("scan.txt", json.dumps({"version": "2.1.0", "runs": [of_run], **of_file}))
        name = f"found-{number}.sarif"
        source = {"adapter": "sarif", "paths": [name], "run": ["cp", "scan.txt", name]}
        gonogo.refused(tools.tried(source, threshold="0"), 3, "keeps results outside of the run")
    imported = gonogo("finding", "import", tools.folder / "found-1.sarif", "--owner", "backend", "--as", "ada")
    gonogo.refused(imported, 2, "keeps results outside of the run")


@way("X5")
def test_another_store_does_not_hide_the_red_runs_of_this_state_folder(gonogo, state, tmp_path) -> None:
    """The green run alone, in a store of its own with a whole log."""
    state.record({"double_settles": Measure("1", "count", 412)})
    green, other = state.clean(), tmp_path / "other"
    other.mkdir()
    seen = [held for held in state.store.load(own_trust(state.home)) if not held.statement.predicate.measures]
    for number, held in enumerate((green, *seen)):
        path = tmp_path / f"{number}.json"
        path.write_bytes(msgspec.json.encode(held.envelope))
        assert gonogo("evidence", "add", path, "--evidence", other).code == 0
    ending = state.judge(gate(criterion(automatic_no_go=True)), more=("--evidence", other))
    gonogo.refused(ending, 1, "failed it in this week, which neither other requirements nor other evidence undo")
    gonogo.refused(ending, 1, "note: judged from another evidence store (--evidence)")


@way("X6")
def test_a_target_whose_name_looks_like_anothers_is_refused(gonogo, state, tmp_path) -> None:
    """It would have a history of its own: the red weeks would be another target's."""
    named = load_target("local")
    for name in ("l\N{CYRILLIC SMALL LETTER O}cal", "LOCAL", "local\N{ZERO WIDTH SPACE}", "../local", "a" * 64):
        document = {"apiVersion": "gonogo/v1", "kind": "Target", "metadata": {"name": name}, "spec": named.target}
        path = tmp_path / "target.yaml"
        path.write_bytes(msgspec.yaml.encode(msgspec.to_builtins(document)))
        gonogo.refused(state.judge(more=("--target", path)), 2, "is not a name of at most 63 lower-case letters a to z")


@way("X7")
def test_a_waiver_from_a_file_is_renewed_twice_and_verifies(gonogo, weeks, tmp_path) -> None:
    """Each file replaces the one before: the log keeps those that a scorecard was judged by, and so does the review's folder."""
    base = first(document(at=LONG_AGO))
    put_signers(weeks.state.home, base, keys=tmp_path / "keys")
    p1 = {"priority": "P1", "waivable": True, "owner": "bob"}
    gates = (
        gate(),
        gate(criterion("errors"), id="errors", letter="D", **p1),
        *(gate(id=name, letter=None, **p1) for name in "fg"),
    )
    folder = tmp_path / "waivers"
    folder.mkdir()
    days = ("2026-11-06", "2026-11-20", "2026-12-04", "2026-12-18", "2027-01-01")
    waived = waived_gate(load_gates(weeks.state.gate_file(*gates))[1])
    for day, end in pairwise(days):
        weeks.measure(day, CLEAN, errors=Measure("1", "count", 412))
        about = {"sha256": waived, "signers": signers(base).digest}
        act = waiver_act("errors", at=f"{day}T08:00:00.000Z", expires_at=f"{end}T08:00:00.000Z", **about)
        (folder / "one.json").write_bytes(msgspec.json.format(msgspec.json.encode(act)))
        ending = weeks.card(day, "12:05", *gates, more=("--waivers", folder))
        if day != days[3]:
            assert (ending.code, gonogo("scorecard", "verify", weeks.folder).code) == (9, 0), ending.text
    gonogo.refused(ending, 8, "is a third renewal; 2 are allowed")


@way("X8")
def test_a_state_folder_that_was_removed_hides_no_red_run_of_the_week(gonogo, state, tmp_path) -> None:
    """It begins again under the Signers that were copied before, and its keys are there: no official scorecard in this week."""
    state.record({"double_settles": Measure("1", "count", 412)})
    shutil.rmtree(state.home)
    load_signer(state.home)
    put_signers(state.home, first(document(at=LONG_AGO)), keys=tmp_path / "keys")
    keep_key("ci", key(CI))
    build = ("scorecard", "build", "--gates", state.gate_file(gate()), "--build", BUILD, "--out", tmp_path / "card")
    gonogo.refused(gonogo(*build), 3, "preview (the log began again")
