"""A finding is closed by a statement that is there, of this build and week, later than the finding, and green."""

import pytest
from honest_state import BUILD, CLEAN, OTHER_BUILD, criterion, gate
from registered import RED
from sarif_files import result, write_sarif

from gates.evidence.statement import EvidenceKind, Inputs, Measure
from gates.schema.gate import request_of
from gates.schema.gateset import load_gates
from gates.schema.outcome import UnknownReason
from gates.schema.source import source_sha256

LATENCY = criterion("latency", unit="ms", threshold="300", statistic="p95 nearest-rank", min_samples=1)
SLOW = {"double_settles": CLEAN, "latency": Measure("900", "ms", samples=400, statistic="p95 nearest-rank")}


def refused(kept, name: str, shown_by: str, code: int, why: str, *more: str) -> None:
    """The closing ends with this code and these words, names a next step, and keeps nothing."""
    before = len(kept.registers().entries)
    ending = kept.close(name, shown_by=shown_by, more=more)
    assert (ending.code, why in ending.text) == (code, True), ending.text
    assert "next: " in ending.err
    assert len(kept.registers().entries) == before
    assert kept.rows()[0]["state"] == "open"


def test_a_red_statement_closes_nothing(kept):
    """Exit 1, naming the criterion and what it found."""
    name = kept.opened()
    refused(kept, name, kept.statement(RED), 1, "money/double_settles fails: 2, threshold at most 0")


def test_a_statement_that_could_not_be_judged_closes_nothing(kept):
    """Exit 3: too few samples, no value, a dry run, a run that was interrupted."""
    name = kept.opened()
    few = Measure("0", "count", samples=3)
    refused(kept, name, kept.statement(few), 3, "too_few_samples): 3 samples, 200 are needed")
    nothing = Measure(None, "count", unknown=UnknownReason.NOT_RUN, detail="no storm")
    refused(kept, name, kept.statement(nothing), 3, "could not be judged (not_run): no storm")
    refused(kept, name, kept.statement(status="dry_run", detail="dry run"), 3, "ended as dry_run: dry run")


def test_a_statement_of_another_build_closes_nothing(kept):
    """Exit 3: the present build is the one that the target reported last."""
    name = kept.opened()
    old = kept.statement()
    kept.statement(build=OTHER_BUILD)
    refused(kept, name, old, 3, f"is about the build {BUILD[:12]}, and the present one is {OTHER_BUILD[:12]}")


def test_a_statement_of_another_week_closes_nothing(kept):
    """Exit 3, also a day later in the next week."""
    name = kept.opened()
    kept.at("2026-11-29T23:00:00.000Z")
    sunday = kept.statement()
    kept.later(hours=2)
    refused(kept, name, sunday, 3, "in another week than this one, 2026-W49")


def test_a_run_that_began_before_the_finding_was_opened_shows_nothing(kept):
    """Exit 3: it was green while the fault was there."""
    before = kept.statement()
    name = kept.opened()
    refused(kept, name, before, 3, f"before {name} was opened at")


def test_a_later_red_run_of_the_same_kind_counts(kept):
    """Exit 1: the green run is not the newest result of this build."""
    name = kept.opened()
    green = kept.statement()
    red = kept.statement(RED)
    refused(kept, name, green, 1, f"a later run, {red[:12]}")


def test_a_statement_that_is_not_there_closes_nothing(kept):
    """Exit 2, for a digest that nothing has and for a text that is none."""
    name = kept.opened()
    kept.statement()
    refused(kept, name, "0" * 64, 2, "0 pieces of evidence have a digest that starts with")
    refused(kept, name, "fixed", 2, "'fixed' is not the beginning of a sha256")


def test_what_no_criterion_reads_shows_nothing(kept):
    """Exit 2: nobody has said what a green one is."""
    name = kept.opened()
    kept.later()
    other = kept.state.record({"extra_charges": CLEAN}, at=kept.later(), kind=EvidenceKind.HOSTILE_RAIL)
    kept.later()
    refused(kept, name, other.digest, 2, "no criterion of these gates reads a hostile-rail")


def test_a_p0_finding_needs_a_build_that_was_read_from_the_service(kept):
    """A build that was given decides no P0 gate, and closes no P0 finding; a P1 finding it does."""
    name, lesser = kept.opened(), kept.opened("--severity", "P1")
    kept.state.observe(kept.state.subject(), kept.later())
    given = kept.statement(build_observation=None)
    refused(kept, name, given, 3, "the build was given with --build")
    assert kept.close(lesser, shown_by=given).code == 0


def test_only_the_named_criteria_have_to_pass_but_never_a_failing_automatic_no_go(kept):
    """A slow storm shows that nothing settles twice; one that settles twice shows nothing."""
    both = kept.state.gate_file(gate(criterion(automatic_no_go=True), LATENCY))
    assert both == kept.gates
    name = kept.opened()
    slow = kept.state.record(SLOW, at=kept.later()).digest
    kept.later()
    refused(kept, name, slow, 1, "money/latency fails: 900 ms")
    refused(kept, name, slow, 2, "--criterion 'money/none' does not read a load-run", "--criterion", "money/none")
    assert kept.close(name, shown_by=slow, more=("--criterion", "money/double_settles")).code == 0
    other = kept.opened()
    red = kept.state.record({**SLOW, "double_settles": RED, "latency": CLEAN}, at=kept.later()).digest
    kept.later()
    refused_code = kept.close(other, shown_by=red, more=("--criterion", "money/latency"))
    assert (refused_code.code, "money/double_settles fails" in refused_code.err) == (1, True), refused_code.text


@pytest.mark.parametrize("reason", ["", "x", "fixed it"])
def test_a_closing_says_why(kept, reason):
    """Exit 2, naming the field."""
    name = kept.opened()
    words = ("finding", "close", name, "--shown-by", kept.statement()[:12], "--reason", reason, "--gates", kept.gates)
    ending = kept.gonogo(*words, "--as", "grace")
    assert (ending.code, "reason: " in ending.err) == (2, True)


def test_a_finding_that_is_opened_again_needs_a_new_run(kept, tmp_path):
    """Through a SARIF file: what was closed and is found again is open again, and the old statement does not close it."""
    file = write_sarif(tmp_path / "a.sarif", result())
    words = ("finding", "import", file, "--owner", "backend", "--as", "ada")
    assert "1 new, 0 open again" in kept.gonogo(*words).out
    kept.later()
    name, green = kept.rows()[0]["id"], kept.statement()
    assert kept.close(name, shown_by=green).code == 0
    kept.later()
    assert "0 new, 1 open again" in kept.gonogo(*words).out
    kept.later()
    assert kept.rows()[0]["state"] == "open"
    refused(kept, name, green, 3, f"before {name} was opened at")
    assert kept.close(name).code == 0


def test_a_persons_word_is_no_test(kept):
    """Exit 2: what an attestation judges closes nothing, whatever it says."""
    attested = criterion("attested", source={"adapter": "attestation", "about": "money/double_settles"}, threshold="1")
    lesser = gate({**attested, "operator": "gte", "min_samples": 1}, id="word", letter="F", priority="P1")
    kept.state.gate_file(gate(), lesser)
    name = kept.opened("--severity", "P2")
    kept.later()
    found = next(item for one in load_gates(kept.gates) for item in one.criteria if item.id == "attested")
    digest = source_sha256(request_of(found))
    inputs = Inputs(target=kept.state.reviewed().target, source=digest)
    held = kept.state.record(
        {"value": Measure("1", "count", samples=1)}, at=kept.later(), kind=EvidenceKind.ADAPTER, inputs=inputs
    )
    kept.later()
    refused(kept, name, held.digest, 2, "no criterion of these gates reads a adapter")
