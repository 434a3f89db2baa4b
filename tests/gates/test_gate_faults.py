"""Every fault of gate files is named in one go: what cannot be read hides nothing of the rest."""

import pytest

BROKEN = """\
apiVersion: gonogo/v2
kind: GateSets
metadata: {nam: broken}
spec:
  gates:
    - id: broken
      title: Broken
      priority: P9
      owner: sre
      question: Is it?
      runbook: runbooks/nowhere.md
      waivabel: true
      criteria:
        - {id: first, title: First, source: {adapter: evidence, predicate_type: k, measure: m}, unit: count, operator: less,
           threshold: 0, max_age: -1d, min_samples: 0}
        - {id: second, title: Second, source: {adapter: evidence, predicate_type: k, measure: m}, unit: ratio, operator: gte,
           threshold: "-1", max_age: 0d}
"""
ONE = """\
apiVersion: gonogo/v1
kind: GateSet
metadata: {name: one}
spec:
  gates:
    - id: one
      title: One
      priority: P0
      owner: sre
      question: Is it?
      runbook: https://wiki.example/one
      criteria:
        - {id: first, title: First, source: {adapter: evidence, predicate_type: k, measure: m}, unit: count, operator: lte,
           threshold: "1e999"}
"""
EVERY_FAULT = (
    "$.apiVersion: expected 'gonogo/v1', found 'gonogo/v2'",
    "$.kind: expected 'GateSet', found 'GateSets'",
    "$.metadata: unknown key 'nam'; the keys are name, title",
    "$.spec.gates[0]: unknown key 'waivabel'; the keys are answers, criteria, id, letter, owner,",
    "$.spec.gates[0].priority: Invalid enum value 'P9'; one of P0, P1, P2, P3",
    "$.spec.gates[0].criteria[0].operator: Invalid enum value 'less'; one of lt, lte, gt, gte, eq, between",
    "$.spec.gates[0].criteria[0].threshold: Expected `str`, got `int`",
    "gate broken, criterion first: with min_samples 0 a measure of nothing would pass",
    "gate broken, criterion first: max_age '-1d' is not a duration",
    "gate broken, criterion second: threshold -1: a ratio is from 0 to 1",
    "gate broken, criterion second: max_age 0d is no time at all",
    "gate broken: runbook 'runbooks/nowhere.md': no such file",
)


def test_members_that_cannot_be_read_hide_no_other_fault(gonogo, tmp_path):
    """T17: the frame, unknown keys, wrong choices, and what is wrong with the members that can be read, of both files."""
    (tmp_path / "one.yaml").write_text(ONE)
    (tmp_path / "broken.yaml").write_text(BROKEN)
    code, _, err = gonogo("gate", "validate", tmp_path)
    assert code == 2
    for fault in EVERY_FAULT:
        assert f"broken.yaml: {fault}" in err
    assert "one.yaml: gate one, criterion first: threshold 1e999: a count is a whole number from 0" in err
    assert err.count("\n") == len(EVERY_FAULT) + 3, "and nothing that is not a fault"


def test_a_sub_folder_and_a_number_beyond_every_number_hide_no_other_fault(gonogo, tmp_path):
    """What is not read, what cannot be written so, and what is wrong besides: all in one go, each once, with what to do."""
    (tmp_path / "one.yaml").write_text(ONE)
    beyond = BROKEN.replace("threshold: 0", "threshold: 1e999").replace("min_samples: 0}", "min_samples: 020}")
    (tmp_path / "broken.yaml").write_text(beyond)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "two.yaml").write_text(ONE)
    code, _, err = gonogo("gate", "validate", tmp_path)
    assert code == 2
    assert "more/two.yaml: a gate file in a sub-folder is not read" in err
    assert 'broken.yaml: line 15, column 23: 1e999 is beyond every number: write a text, "1e999"' in err
    assert "broken.yaml: line 15, column 57: 020 is read as octal by some" in err
    left = [fault for fault in EVERY_FAULT if "threshold: Expected" not in fault and "min_samples 0" not in fault]
    assert all(f"broken.yaml: {fault}" in err for fault in left)
    assert "one.yaml: gate one, criterion first: threshold 1e999" in err
    assert "fix the file; " in err
    assert f"move each gate file to {tmp_path}" in err
    assert err.count("\n") == len(left) + 6, "and nothing that is not a fault"


def test_a_document_of_another_kind_is_told_as_that_alone(gonogo, tmp_path):
    """Its members are none of a gate set's, and to list them would say nothing."""
    (tmp_path / "target.yaml").write_text(
        "apiVersion: gonogo/v1\nkind: Target\nmetadata: {name: x}\nspec: {base_url: http://x}\n"
    )
    code, _, err = gonogo("gate", "validate", tmp_path)
    assert (code, err.count("\n")) == (2, 2)
    assert "target.yaml: $.kind: expected 'GateSet', found 'Target'" in err


@pytest.mark.parametrize("criteria", ["", "      criteria: no\n", "      criteria: [7]\n"])
def test_criteria_that_are_not_there_are_named_once(gonogo, tmp_path, criteria):
    """Not again as criteria without faults."""
    text = BROKEN[: BROKEN.index("      criteria:")] + criteria
    (tmp_path / "broken.yaml").write_text(text)
    code, _, err = gonogo("gate", "validate", tmp_path)
    assert code == 2
    assert ("$.spec.gates[0]" in err, "it could never fail" in err, "unnamed" in err) == (True, False, False)
