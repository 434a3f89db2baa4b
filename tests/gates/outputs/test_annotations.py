"""GitHub annotations and JUnit cases: where they point, what comes first, and how a person reads them."""

import xml.etree.ElementTree as ET

import msgspec
import pytest

from gates.outputs.github import render_github
from gates.outputs.report import Found, of_review
from gates.render import render
from gates.schema.errors import UsageProblem
from gates.schema.outcome import Decision


def test_an_annotation_is_escaped_as_the_runner_reads_it(review):
    """Percent, colon and comma in properties; percent in the text, where a line end is an escape already."""
    gate = review.gates[0]
    item = msgspec.structs.replace(gate.criteria[2], detail="50 %: a,b\nc")
    one = msgspec.structs.replace(review, gates=(msgspec.structs.replace(gate, criteria=(item,)),))
    line = render(one, "github").splitlines()[1]
    assert line == "::error file=runbooks/x.md,title=financial-integrity/bad%3A fail::Title of bad: 50 %25: a,b\\nc"


@pytest.mark.parametrize("runbook", ["https://example.org/a,b::c", "../../etc/passwd", "a%2Cb", "/x"])
def test_an_annotation_names_no_file_where_the_runbook_is_none(review, runbook):
    """An address, and a path that leads out."""
    gates = tuple(msgspec.structs.replace(gate, runbook=runbook) for gate in review.gates)
    assert "file=" not in render(msgspec.structs.replace(review, gates=gates), "github")


def test_a_failing_criterion_names_its_first_fault(review):
    """In the words of its evidence: a reader of the annotations sees which payment it was."""
    found = tuple(Found("financial-integrity", "bad", f"pay_{number}: settled twice") for number in (7, 8))
    lines = render_github(msgspec.structs.replace(of_review(review), findings=found)).splitlines()
    (line,) = [line for line in lines if "financial-integrity/bad" in line]
    assert line.endswith("; the first: pay_7: settled twice")


def test_what_failed_comes_before_what_is_not_known(decided):
    """GitHub shows ten of a kind, and the decision is the first of all."""
    lines = render(decided(Decision.NO_GO, 1), "github").splitlines()
    assert lines[0].startswith("::error title=decision%3A NO GO::NO GO: ")
    kinds = [line.split(" ")[0] for line in lines[1:]]
    assert kinds == sorted(kinds, key=["::error", "::warning", "::notice"].index)


def test_a_waived_case_is_skipped_with_the_end_of_its_waiver(review):
    """And its own outcome, which the waiver does not change."""
    root = ET.fromstring(render(review, "junit"))  # noqa: S314  # what the test itself rendered
    skipped = root.find("testsuite[@name='sre-reliability']/testcase[@name='bad']/skipped")
    assert "waived until 2026-12-01T00:00:00Z by grace: known and small; fail: Title of bad" in skipped.get("message")


def test_a_decision_that_no_gate_explains_is_red_in_junit_and_sarif(review):
    """A lowered bar makes a NO GO while every criterion passes: no reader may see a clean file."""
    green = msgspec.structs.replace(review, gates=review.gates[2:])
    made = msgspec.structs.replace(green.decision, decision=Decision.NO_GO, exit_code=1)
    one = msgspec.structs.replace(green, decision=made)
    assert 'failures="1"' in render(one, "junit").splitlines()[1]
    assert '"level": "error"' in render(one, "sarif")
    assert render(one, "github").startswith("::error ")


def test_a_scorecard_with_a_number_that_is_none_is_refused(review):
    """It was changed by hand; the criterion and the member are named."""
    gate = review.gates[0]
    item = msgspec.structs.replace(gate.criteria[0], value="lots")
    one = msgspec.structs.replace(review, gates=(msgspec.structs.replace(gate, criteria=(item,)),))
    with pytest.raises(UsageProblem, match="financial-integrity/good: value 'lots' is not a decimal number"):
        of_review(one)
