"""SARIF results become findings: each open one once, every other one counted with its reason."""

import pytest
from sarif_files import result, sarif, write_sarif

from gates.registers.sarif_results import results_in
from gates.schema.errors import UsageProblem
from gates.schema.outcome import Priority
from gates.schema.register import Register

SECRET = "AK" + "IAIOSFODNN7EXAMPLE"


def taken(data: bytes, **levels: Priority):
    """What is taken over."""
    return results_in(data, "a.sarif", Register.SECURITY, "backend", levels)


def ids(*results: dict[str, object], **members: object) -> list[str]:
    """The ids of the findings."""
    return [item.id for item in taken(sarif(*results, **members)).items]


def test_a_result_is_the_same_finding_in_every_file():
    """Whatever its line, its level and its neighbours are."""
    (name,) = ids(result())
    assert ids(result(line=99, level="warning")) == [name]
    assert name in ids(result(rule="py/other"), result(), result(text="another one"))
    assert ids(result(), tool={"driver": {"name": "Other"}}) != [name]


@pytest.mark.parametrize("member", ["fingerprints", "partialFingerprints"])
def test_the_tools_own_fingerprint_comes_first(member):
    """Then even another message is the same result, and another fingerprint another one."""
    (name,) = ids(result(**{member: {"hash/v1": "ab"}}))
    assert ids(result(text="a token is written", **{member: {"hash/v1": "ab"}})) == [name]
    assert ids(result(**{member: {"hash/v1": "cd"}})) != [name]


def test_equal_results_are_findings_of_their_own():
    """Two of them are not one, and the first keeps its id."""
    (one,) = ids(result())
    two = ids(result(), result(line=8))
    assert (two[0], len(set(two))) == (one, 2)
    same = {"partialFingerprints": {"hash": "ab"}}
    assert len(set(ids(result(**same), result(**same), result(**same)))) == 3


def test_what_is_not_open_is_counted_with_its_reason():
    """Nothing is dropped in silence."""
    data = sarif(
        result(),
        result(suppressions=[{"kind": "inSource"}]),
        result(suppressions=[{"kind": "external", "status": "underReview"}]),
        result(baselineState="absent"),
        result(baselineState="unchanged"),
        result(kind="pass", level=None),
        result(kind="informational", level="none"),
        result(kind="review", level="none"),
    )
    found = taken(data)
    left_out = {"absent since the baseline": 1, "of kind informational": 1, "of kind pass": 1, "suppressed": 1}
    assert (len(found.items), found.results, found.left_out) == (4, 8, left_out)


@pytest.mark.parametrize(
    ("members", "rule", "severity"),
    [
        ({}, {}, "P0"),
        ({"level": "warning"}, {}, "P2"),
        ({"level": "note"}, {}, "P3"),
        ({"level": None}, {"defaultConfiguration": {"level": "error"}}, "P0"),
        ({"level": None}, {}, "P2"),
        ({}, {"properties": {"security-severity": "9.0"}}, "P0"),
        ({}, {"properties": {"security-severity": "8.9"}}, "P1"),
        ({"level": "note"}, {"properties": {"security-severity": "4.0"}}, "P2"),
        ({}, {"properties": {"security-severity": 3.9}}, "P3"),
        ({"properties": {"security-severity": "9.8"}}, {"properties": {"security-severity": "1.0"}}, "P0"),
        ({}, {"properties": {"security-severity": "NaN"}}, "P0"),
        ({}, {"properties": {"security-severity": "high"}}, "P0"),
    ],
)
def test_the_severity_is_that_of_the_score_or_else_of_the_level(members, rule, severity):
    """A score that is no number counts for nothing."""
    (item,) = taken(sarif(result(**members), rules=({"id": "py/log-secret", **rule},))).items
    assert item.severity == severity


def test_a_person_can_rank_a_level_and_not_a_score():
    """The option is for what has no score."""
    assert taken(sarif(result()), error=Priority.P1).items[0].severity == "P1"
    scored = result(properties={"security-severity": "9.8"})
    assert taken(sarif(scored), error=Priority.P3).items[0].severity == "P0"


def test_a_title_says_what_was_found_and_where():
    """A message by id is filled in; what cannot be printed is escaped; a short one is still a title."""
    assert taken(sarif(result())).items[0].title == "py/log-secret: a token is logged"
    rules = ({"id": "R1", "messageStrings": {"m": {"text": "{0} is logged by {1}"}}},)
    by_id = result(rule="R1", message={"id": "m", "arguments": ["a key", "app"]})
    assert taken(sarif(by_id, rules=rules)).items[0].title == "R1: a key is logged by app"
    assert "\x1b" not in taken(sarif(result(text="red \x1b[31m text"))).items[0].title
    assert taken(sarif(result(rule="R", text="x"))).items[0].title == "R: x (reported by Scanner)"
    assert len(taken(sarif(result(text="y" * 5000))).items[0].title) == 200


def test_a_secret_that_a_scanner_quotes_is_not_taken_over():
    """The finding is, without it."""
    (item,) = taken(sarif(result(text=f"found {SECRET} in a file"))).items
    assert (SECRET in item.title, "[redacted]" in item.title) == (False, True)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "a.sarif is empty"),
        (b"<html>", "a.sarif is not JSON"),
        (b'{"version": "2.1.0", "runs": []}', "a.sarif holds no run"),
        (b'{"version": "2.0.0", "runs": [{"tool": {"driver": {}}}]}', "a.sarif is SARIF 2.0.0, not 2.1.0"),
        (b'{"version": "2.1.0", "version": "2.1.0", "runs": []}', "a.sarif is not JSON"),
        (sarif(result(), invocations=[{"executionSuccessful": False}]), "does not state executionSuccessful: true"),
        (sarif(result(), invocations=[]), "does not state executionSuccessful: true"),
        (sarif(result(level="fatal")), "a.sarif is not SARIF"),
    ],
)
def test_a_file_that_is_not_the_whole_result_of_a_run_is_refused(data, fault):
    """Exit 2, naming the file."""
    with pytest.raises(UsageProblem) as caught:
        taken(data)
    assert fault in caught.value.message


def test_members_of_an_odd_form_are_no_reason_to_drop_a_result():
    """The message, places and fingerprints of a result are read as far as they can be."""
    forms = {"message": ("text", None, []), "locations": ({}, None), "fingerprints": ([],), "properties": (7, "x")}
    odd = [{name: form} for name, found in forms.items() for form in found]
    found = taken(sarif(*(result(**members) for members in odd)))
    assert len({item.id for item in found.items}) == len(odd)


def test_the_command_takes_each_result_over_once(kept, tmp_path):
    """The second time nothing is new; a worse severity is taken over; what is gone stays open and is named."""
    file = tmp_path / "scan.sarif"
    words = ("finding", "import", file, "--owner", "backend", "--as", "ada")
    write_sarif(file, result(level="warning"), result(rule="py/other"), result(suppressions=[{"kind": "inSource"}]))
    ending = kept.gonogo(*words)
    assert ending.code == 0, ending.text
    assert "3 results of Scanner: 2 new, 0 open again, 0 known, 1 suppressed" in ending.out
    kept.later()
    ending = kept.gonogo(*words)
    assert ("0 new, 0 open again, 2 known, 1 suppressed" in ending.out, "kept" in ending.out) == (True, False)
    write_sarif(file, result(level="error"))
    ending = kept.gonogo(*words)
    assert "0 new, 0 open again, 1 with a worse severity, 0 known" in ending.out
    (gone,) = (row["id"] for row in kept.rows() if row["title"].startswith("py/other"))
    assert f"not in this file, and still open: {gone}" in ending.out
    assert {row["severity"] for row in kept.rows()} == {"P0"}
    assert len(kept.registers().entries) == 2


def test_a_weaker_severity_of_the_same_result_changes_nothing(kept, tmp_path):
    """Nothing that is open becomes harmless by importing it again."""
    file = write_sarif(tmp_path / "scan.sarif", result())
    words = ("finding", "import", file, "--owner", "backend", "--as", "ada")
    kept.gonogo(*words)
    kept.later()
    assert "1 known" in kept.gonogo(*words, "--severity", "error=P3").out
    assert kept.rows()[0]["severity"] == "P0"


@pytest.mark.parametrize("text", ["error", "error=P9", "fatal=P1", "=P1", "error=p1"])
def test_a_severity_that_is_none_is_refused(kept, tmp_path, text):
    """Exit 2, naming what there is."""
    file = write_sarif(tmp_path / "scan.sarif", result())
    ending = kept.gonogo("finding", "import", file, "--owner", "b", "--severity", text, "--as", "ada")
    assert (ending.code, "one of error, warning, note, none" in ending.err) == (2, True), ending.text
