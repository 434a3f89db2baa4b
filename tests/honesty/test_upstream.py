"""What the upstream product did."""

import json

import drill_stage
import msgspec
import pytest
from honest_state import BUILD, CLEAN, NOW, criterion, gate
from loopback import serving
from signing import STRAY, document, first, put_signers, waiver_act
from ways import way

from gates.evidence.identity import make_subject
from gates.evidence.statement import Measure
from gates.schema.gateset import CATALOG
from gates.schema.target import Commands
from gates.schema.time import format_utc, system_clock

LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.mark.process
@way("N1")
def test_numbers_written_by_hand_are_refused(gonogo, state, tools) -> None:
    """A file without a signature, in the store or added; and a build that was only given decides no P0 gate.

    A file that a gate reads through an adapter is as old as it says, and about the build that it names.
    """
    path = state.folder / "metrics.json"
    path.write_text(json.dumps({"double_settles": 0, "samples": 412}))
    gonogo.refused(gonogo("evidence", "add", path), 8, "metrics.json: not a DSSE envelope")
    state.clean(build_observation=None)
    gonogo.refused(state.judge(), 3, "stale: the build was given with --build and not read from the service")
    byhand = state.path_of("ab" * 32)
    byhand.parent.mkdir(exist_ok=True)
    byhand.write_bytes(path.read_bytes())
    gonogo.refused(state.judge(), 8, "in no entry: added by hand, or the log was truncated")
    byhand.unlink()
    source = {"adapter": "file", "path": "metrics.json", "value": {"pointer": "/double_settles"}, "time": {"pointer": "/at"}}
    tools.write("metrics.json", json.dumps({"double_settles": 0}))
    gonogo.refused(tools.tried(source), 3, "stale: metrics.json names neither the time nor the build that it is about")
    tools.write("metrics.json", json.dumps({"double_settles": 0, "at": format_utc(system_clock())}))
    gonogo.refused(tools.tried(source), 3, "stale: the build was given: the answer does not name the one")


@pytest.mark.process
@way("N2")
def test_an_attestation_is_a_named_persons_and_decides_no_p0_gate(gonogo, state, tools) -> None:
    """Without a listed person, a key or an end it is refused; signed, it stands next to the evidence and does not replace it.

    A text that states TRUE is no number, and a criterion of a P0 gate cannot ask for an attestation.
    """
    table = {"adapter": "file", "path": "table.md", "value": {"pattern": "safe: (.*)"}, "build": {"pattern": "build: (.*)"}}
    tools.write("table.md", f"safe: TRUE\nbuild: {BUILD}\n")
    ending = tools.tried(table)
    gonogo.refused(ending, 3, "missing: table.md at the pattern 'safe: (.*)': the value 'TRUE' is not a finite")
    tools.gate({"adapter": "attestation", "about": "quality/one"}, operator="gte", threshold="1")
    gonogo.refused(tools.judged_again(), 2, "an attestation is what a person states, and decides no P0 gate")
    words = ("evidence", "attest", "financial-integrity/storm_double_settles", "--reason", "I looked at all of them")
    gonogo.refused(gonogo(*words, "--expires", "30d", "--as", "ada"), 5, "needs Signers")
    put_signers(state.home, first(document(at=LONG_AGO)), keys=state.folder / "keys")
    gonogo.refused(gonogo(*words, "--as", "ada"), 2, "Missing option '--expires'")
    gonogo.refused(gonogo(*words, "--expires", "30d", "--as", "mallory"), 5, "nobody with the id 'mallory' is in the Signers")
    gonogo.refused(gonogo(*words, "--expires", "30d", "--as", "ines"), 5, "holds no private key of ines")
    assert gonogo(*words, "--expires", "30d", "--as", "ada").code == 0
    gonogo.refused(gonogo("gate", "run", "--build", BUILD, "--now", NOW), 3, "missing: no evidence of kind load-run about local")


@way("N3")
def test_skipped_is_not_passed(gonogo, state) -> None:
    """31 of 37 skipped."""
    ratio = Measure("1", "ratio", samples=6, failures=0, skipped=31)
    ending = state.judge_one(ratio, unit="ratio", operator="gte", threshold="0.95", min_samples=6)
    gonogo.refused(ending, 1, "31 skipped count against it")


@way("N4")
def test_limits_relaxed_locally_are_another_bar(gonogo, state) -> None:
    """The card names whose gates they are and which question of the plan they leave open."""
    relaxed = state.folder / "relaxed"
    relaxed.mkdir()
    for path in CATALOG.glob("*.yaml"):
        (relaxed / path.name).write_text(path.read_text().replace("min_samples: 200", "min_samples: 2"))
    build = ("scorecard", "build", "--build", BUILD, "--now", NOW)
    shipped = gonogo(*build, "--out", state.folder / "one")
    assert "Judged by the shipped gates `launch-plan`" in shipped.text
    ending = gonogo(*build, "--gates", relaxed, "--out", state.folder / "two")
    gonogo.refused(ending, 3, "Judged by your own gate set")
    gonogo.refused(ending, 3, "C Can a payment settle twice or be lost?")


@way("N5")
def test_a_missing_metric_is_not_zero(gonogo, state) -> None:
    """Neither as a count nor as a rate, whatever other measures the statement has."""
    state.record({"lost_settles": CLEAN, "double_settles": Measure(None, "count", samples=412)})
    gonogo.refused(state.judge(), 3, "missing: the measure double_settles has no value")
    gonogo.refused(state.judge(gate(criterion("errors"))), 3, "missing: the evidence holds no measure errors")


@pytest.mark.process
@way("N6")
def test_a_report_without_age_or_build_does_not_count(gonogo, state, tools) -> None:
    """Without a build it is stale; without a moment it is no statement. A report of another tool that has neither is stale."""
    tools.write("tests.xml", '<testsuite name="unit" tests="1"><testcase name="a"/></testsuite>')
    report = {"adapter": "junit", "paths": ["tests.xml"]}
    gonogo.refused(tools.tried(report), 3, "stale: tests.xml names neither the time nor the build that it is about")
    tools.write("tests.xml", '<testsuite name="unit" tests="1" timestamp="2026-01-01T00:00:00Z"><testcase name="a"/></testsuite>')
    gonogo.refused(tools.tried(report), 3, "stale: the evidence finished at 2026-01-01T00:00:00.000Z, more than 7d ago")
    state.clean(about=make_subject(state.named, None), build_observation=None)
    gonogo.refused(state.judge(), 3, "stale: the newest load-run about local is about another build")
    undated = msgspec.structs.replace(state.statement().predicate, finished_at="")
    path = state.folder / "undated.intoto.json"
    path.write_bytes(state.signed(msgspec.structs.replace(state.statement(), predicate=undated)))
    gonogo.refused(gonogo("evidence", "add", path), 8, "finished_at: ")


@pytest.mark.process
@way("N7")
def test_a_run_against_a_local_stand_in_is_about_another_instance(gonogo, state, stage, tools) -> None:
    """The same target name and the same build, at another address; also through an adapter that queries the target."""
    live = stage.target_file(drill_stage.target_of(process=None, base_url="https://pay.example"))
    stand_in = make_subject(stage.load(live, base_url="http://127.0.0.1:8080"), BUILD)
    state.record({"double_settles": CLEAN}, about=stand_in)
    ending = gonogo("gate", "run", "--gates", state.gate_file(gate()), "--target", live, "--build", BUILD, "--now", NOW)
    gonogo.refused(ending, 3, "stale: the newest load-run about fake is about another instance of the service")
    tools.service.pages["/open"] = (200, {}, b'{"open": 0}')
    assert tools.tried({"adapter": "http", "url": "/open", "value": {"pointer": "/open"}}).code == 0
    with serving(tools.service) as live_url:
        target = tools.folder / "shop.yaml"
        target.write_text(target.read_text().replace(tools.url, live_url))
        ending = tools.judged_again()
        gonogo.refused(ending, 3, "stale: the newest answer of this http source about shop is about another instance")


@way("N8")
def test_a_key_inside_of_what_it_signs_verifies_nothing(gonogo, state, monkeypatch) -> None:
    """A review folder's own keys, a waiver's, and those of a document of Signers that nobody pinned."""
    folder = state.review()
    monkeypatch.setenv("GONOGO_HOME", str(state.folder / "of-somebody-else"))
    gonogo.refused(gonogo("scorecard", "verify", folder), 3, "are part of the folder that they sign")
    (state.folder / "link.json").symlink_to(folder / "trust.json")
    for own in (folder / "trust.json", state.folder / "link.json"):
        gonogo.refused(gonogo("scorecard", "verify", folder, "--trust", own), 3, "are part of the folder that they sign")
    monkeypatch.setenv("GONOGO_HOME", str(state.home))
    put_signers(state.home)
    waivers = state.folder / "waivers"
    waivers.mkdir()
    (waivers / "one.json").write_bytes(msgspec.json.encode(waiver_act("money", STRAY)))
    p1 = gate(priority="P1", waivable=True)
    ending = state.judge(gate(id="other", letter="A"), p1, more=("--waivers", waivers))
    gonogo.refused(ending, 8, "which the trust root does not hold")
    (state.home / "signers.pin").write_text("0" * 64 + "\n")
    gonogo.refused(gonogo("signer", "list"), 8, "that is pinned: replaced, or cut short")


@way("N9")
def test_a_waiver_that_nobody_signed_is_refused(gonogo, state) -> None:
    """Of any gate; and signed, it waives no P0 gate."""
    state.clean()
    waivers = state.folder / "waivers"
    waivers.mkdir()
    spec = {"gate": "money", "owner": "ada", "approver": "ada", "reason": "x", "expires_at": "9999-01-01T00:00:00Z"}
    unsigned = {"apiVersion": "gonogo/v1", "kind": "Waiver", "metadata": {"name": "all"}, "spec": {**spec, "mitigation": "x"}}
    (waivers / "all.yaml").write_bytes(msgspec.yaml.encode(unsigned))
    gonogo.refused(state.judge(more=("--waivers", waivers)), 5, "a waiver that nobody has signed counts for nothing")
    (waivers / "all.yaml").unlink()
    put_signers(state.home)
    (waivers / "one.json").write_bytes(msgspec.json.encode(waiver_act("money")))
    gonogo.refused(state.judge(more=("--waivers", waivers)), 2, "the gate money is P0: it cannot be waived")


@way("N10")
@pytest.mark.process
def test_a_fault_that_is_only_a_label_is_not_run(gonogo, stage, monkeypatch) -> None:
    """The command is called kill, and does nothing."""
    monkeypatch.setattr("drills.commanded.GONE_S", 0.5)
    with stage.elsewhere() as service:
        spec = drill_stage.crash_spec(setup=[{"action": "start_service"}, {"action": "start_storm"}])
        ending = stage.drill(spec, service.target(Commands(kill=("echo", "killed"), restore=("echo", "restored"))))
    gonogo.refused(ending, 3, "the service was not seen to go")
