"""Gate files: what types cannot say is checked too, and every fault is named with its file."""

import json

import pytest
import yaml

from gates.schema.errors import UsageProblem
from gates.schema.gate import Criterion
from gates.schema.gateset import gate_set_digest, load_gate_files, load_gates
from gates.schema.soundness import faults

FILE = """\
apiVersion: gonogo/v1
kind: GateSet
metadata: {{name: {name}}}
spec:
  gates:
    - id: {id}
      letter: {letter}
      title: One
      priority: P0
      owner: sre
      question: Is it?
      runbook: runbooks/x.md
      criteria:
        - id: first
          title: First
          source: {{adapter: evidence, predicate_type: kind, measure: first}}
          unit: count
          operator: lte
          threshold: "0"
"""


CRITERION_KEYS = ", ".join(sorted(Criterion.__struct_fields__))


def _write(folder, name="one", **fields):
    (folder / "runbooks").mkdir(exist_ok=True)
    (folder / "runbooks" / "x.md").touch()
    path = folder / f"{name}.yaml"
    path.write_text(FILE.format(**{"name": name, "id": name, "letter": "A", **fields}))
    return path


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"id": "Double Settles"}, "an id is lower-case words"),
        ({"min_samples": 0}, "with min_samples 0 a measure of nothing would pass"),
        ({"needs": {"in_flight_together": 0}}, "needs in_flight_together 0 needs nothing: at least 1"),
        ({"needs": {"in_flight_together": -5}}, "needs in_flight_together -5 needs nothing: at least 1"),
        ({"needs": {"in_flight_together": 2**53}}, "needs in_flight_together 9007199254740992 is more than 9007199254740991"),
        ({"min_samples": 10**25}, "min_samples 10000000000000000000000000 is more than 9007199254740991: nothing could pass"),
        ({"needs": {"": 1}}, "needs '': a part is named in lower-case words joined with _"),
        ({"threshold": "none"}, "threshold 'none' is not a decimal number"),
        ({"threshold": "NaN"}, "threshold 'NaN' is not a decimal number"),
        ({"upper": "3"}, "the operator between needs upper"),
        ({"operator": "between"}, "the operator between needs upper"),
        ({"operator": "between", "threshold": "5", "upper": "3"}, "upper 3 is below threshold 5"),
        ({"warn_threshold": "1"}, "warn_threshold 1 is not stricter than threshold 0"),
        ({"operator": "gte", "threshold": "2", "warn_threshold": "1"}, "warn_threshold 1 is not stricter than threshold 2"),
        ({"operator": "eq", "warn_threshold": "0"}, "warn_threshold cannot be used with the operator eq"),
        ({"confidence": "0.95"}, "confidence is for the unit ratio"),
        ({"unit": "ratio", "confidence": "95"}, "confidence '95' is not a decimal from 0.5 to below 1"),
        (
            {"unit": "ratio", "threshold": "0.9", "operator": "gte", "confidence": "0.95", "exhaustive": True},
            "so it cannot have a confidence",
        ),
        ({"max_age": "a week"}, "is not a duration"),
        ({"max_age": "99999999999999999999d"}, "is more than a year"),
        ({"max_age": "0d"}, "max_age 0d is no time at all: the least is 1ms, the most 366d"),
        ({"max_age": "-1d"}, "is not a duration"),
        ({"max_age": "\N{ARABIC-INDIC DIGIT SEVEN}d"}, "is not a duration"),
    ],
)
def test_a_criterion_that_cannot_be_read_as_meant_is_refused(bench, changes, fault):
    """Each fault of a criterion is named with the gate and the criterion."""
    (found,) = faults([bench.gate(bench.criterion(**changes))])
    assert fault in found
    assert "gate financial-integrity, criterion" in found


@pytest.mark.parametrize(
    ("unit", "operator", "threshold", "upper", "fault"),
    [
        ("ratio", "gte", "-1", None, "threshold -1: a ratio is from 0 to 1"),
        ("ratio", "gte", "60", None, "threshold 60: a ratio is from 0 to 1"),
        ("ratio", "gte", "0", None, "gte threshold 0 cannot fail: a ratio is from 0 to 1"),
        ("ratio", "lte", "1", None, "lte threshold 1 cannot fail: a ratio is from 0 to 1"),
        ("ratio", "gt", "1", None, "gt threshold 1 cannot hold: a ratio is from 0 to 1"),
        ("ratio", "between", "0", "1.0", "between threshold 0 and upper 1.0 cannot fail: a ratio is from 0 to 1"),
        ("count", "lte", "1e999", None, "threshold 1e999: a count is a whole number from 0 to 9007199254740991"),
        ("count", "gte", "0", None, "gte threshold 0 cannot fail: a count is a whole number from 0"),
        ("count", "lt", "0", None, "lt threshold 0 cannot hold: a count is a whole number from 0"),
        ("count", "eq", "0.5", None, "threshold 0.5: a count is a whole number from 0"),
        ("count", "lte", "999999999", None, "lte threshold 999999999 cannot fail: nothing that is measured here as count"),
        ("count", "lte", "1000000", None, "a limit is below 1000000"),
        ("count", "between", "0", "5000000", "a limit is below 1000000"),
        ("ms", "lte", "86400001", None, "a limit is below 86400000"),
        ("s", "lt", "86401", None, "a limit is below 86400"),
        ("kB", "lte", "1000000000001", None, "a limit is below 1000000000000"),
        ("kB", "gte", "-1000000000001", None, "a limit is below 1000000000000"),
        ("count", "between", "0", "9007199254740991", "cannot fail: a count"),
        ("count", "between", "0", "1e17", "upper 1e17: a count is a whole number"),
        ("ms", "lte", "1e300", None, "threshold 1e300: a time in ms is from 0 to 31622400000, a year"),
        ("s", "gte", "0.0", None, "gte threshold 0.0 cannot fail: a time in s is from 0 to 31622400, a year"),
        ("stars", "lte", "1e400", None, "threshold 1e400: a number is from -9007199254740991 to 9007199254740991"),
    ],
)
def test_a_criterion_that_cannot_fail_or_cannot_hold_is_refused(bench, unit, operator, threshold, upper, fault):
    """With the range that its unit allows, by whatever judges these gates."""
    gate = bench.gate(bench.criterion(unit=unit, operator=operator, threshold=threshold, upper=upper))
    (found,) = faults([gate])
    assert fault in found
    with pytest.raises(UsageProblem, match="gate financial-integrity, criterion double_settles: "):
        bench.review([gate], [])


def test_a_warning_that_nothing_escapes_is_refused(bench):
    """No count is below 0, so each one would be a warning."""
    (found,) = faults([bench.gate(bench.criterion(operator="lt", threshold="1", warn_threshold="0"))])
    assert "lt warn_threshold 0 cannot hold: a count is a whole number from 0" in found


@pytest.mark.parametrize(
    ("unit", "operator", "threshold", "upper"),
    [
        ("count", "lte", "0", None),
        ("count", "eq", "0", None),
        ("count", "gte", "1", None),
        ("count", "between", "0", "2"),
        ("ratio", "gte", "1", None),
        ("ratio", "gt", "0", None),
        ("ratio", "between", "0.5", "1"),
        ("ms", "lt", "900", None),
        ("stars", "gte", "-5", None),
    ],
)
def test_a_criterion_that_can_fail_and_hold_is_sound(bench, unit, operator, threshold, upper):
    """Also at the ends of what its unit allows."""
    assert not list(faults([bench.gate(bench.criterion(unit=unit, operator=operator, threshold=threshold, upper=upper))]))


def test_a_gate_file_that_cannot_fail_ends_validate_with_2(gonogo, tmp_path):
    """Naming the file, the criterion and the range."""
    path = _write(tmp_path)
    path.write_text(path.read_text().replace("operator: lte", "operator: gte"))
    code, _, err = gonogo("gate", "validate", path)
    assert code == 2
    assert "one.yaml: gate one, criterion first: gte threshold 0 cannot fail: a count is a whole number from 0" in err


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"gate_id": "A gate"}, "an id is lower-case words"),
        ({"letter": "c"}, "is not one of A to Z"),
        ({"owner": " "}, "owner is empty"),
        ({"runbook": ""}, "runbook is empty"),
    ],
)
def test_a_gate_that_nobody_could_act_on_is_refused(bench, changes, fault):
    """A gate has an owner, a question and a runbook."""
    assert any(fault in text for text in faults([bench.gate(**changes)]))


@pytest.mark.parametrize(
    "runbook",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "http://wiki.example/x",
        "https:wiki",
        "https://",
        "https://ops:key@wiki.example/",
        "//wiki.example/x",
        "/etc/passwd",
        "../x.md",
        "runbooks/../../x.md",
        "runbooks/.hidden.md",
        "file:///x.md",
        'x" onclick="y',
        "runbooks\\x.md",
        "runbooks/x.md\n",
    ],
)
def test_a_runbook_that_a_page_must_not_link_to_is_refused(bench, runbook):
    """Another scheme, another host without TLS, a way out of the folder: for whatever judges these gates."""
    gate = bench.gate(runbook=runbook)
    assert any("a runbook is a relative path without" in text for text in faults([gate]))
    with pytest.raises(UsageProblem, match="a runbook is a relative path without"):
        bench.review([gate], [])


def test_a_gate_without_criteria_is_refused(bench):
    """It could never fail."""
    bare = bench.gate()
    bare = type(bare)(**{name: getattr(bare, name) for name in bare.__struct_fields__} | {"criteria": ()})
    assert list(faults([bare])) == ["gate financial-integrity: no criteria, so it could never fail"]


def test_an_id_given_twice_is_refused(bench):
    """Twice in a gate, and twice in the set: the second would hide the first."""
    with pytest.raises(UsageProblem, match="the criterion id 'double_settles' is given 2 times"):
        bench.review([bench.gate(bench.criterion(), bench.criterion())], [])
    with pytest.raises(UsageProblem, match="the gate id 'financial-integrity' is given 2 times"):
        bench.review([bench.gate(), bench.gate(letter="D")], [])


def test_an_id_in_two_files_names_both(tmp_path):
    """Two files that claim one gate are both named."""
    _write(tmp_path)
    _write(tmp_path, "two", id="one", letter="B")
    with pytest.raises(UsageProblem, match=r"two\.yaml: the gate id 'one' is already given in .*one\.yaml"):
        load_gates(tmp_path)


def test_every_wrong_file_of_a_folder_is_named(tmp_path):
    """One run tells all that is wrong."""
    _write(tmp_path, "one").write_text("apiVersion: gonogo/v2\n")
    _write(tmp_path, "two").write_text("")
    _write(tmp_path, "three", letter="C")
    with pytest.raises(UsageProblem) as caught:
        load_gates(tmp_path)
    assert "one.yaml" in caught.value.message
    assert "two.yaml" in caught.value.message
    assert "three.yaml" not in caught.value.message


def test_every_fault_of_every_file_is_named_with_what_is_allowed(tmp_path):
    """Two files with several faults each: no fault hides another, and each names the choices or the keys."""
    one = _write(tmp_path, "one")
    one.write_text(one.read_text().replace("operator: lte", "operator: less").replace("priority: P0", "priority: P9"))
    two = _write(tmp_path, "two", letter="B")
    two.write_text(two.read_text().replace("threshold:", "treshold:").replace("owner: sre", "owner: 7"))
    three = _write(tmp_path, "three", letter="b")
    three.write_text(
        three.read_text().replace("operator: lte", "operator: gte").replace("runbook: runbooks/x.md", "runbook: y.md")
    )
    with pytest.raises(UsageProblem) as caught:
        load_gates(tmp_path)
    lines = caught.value.message.splitlines()
    assert lines == [
        f"{one}: $.spec.gates[0].priority: Invalid enum value 'P9'; one of P0, P1, P2, P3",
        f"{one}: $.spec.gates[0].criteria[0].operator: Invalid enum value 'less'; one of lt, lte, gt, gte, eq, between",
        f"{three}: gate three: the letter 'b' is not one of A to Z",
        f"{three}: gate three, criterion first: gte threshold 0 cannot fail: a count is a whole number from 0 to {2**53 - 1}",
        f"{three}: gate three: runbook 'y.md': no such file next to the gate file, nor in the folder above it",
        f"{two}: $.spec.gates[0].owner: Expected `str`, got `int`",
        f"{two}: $.spec.gates[0].criteria[0]: unknown key 'treshold'; the keys are {CRITERION_KEYS}",
        f"{two}: $.spec.gates[0].criteria[0]: Object missing required field `threshold`",
    ]


def test_gates_come_in_the_order_of_the_file_names(tmp_path):
    """Also those of files that end in .yml: no file of a folder is passed over in silence."""
    _write(tmp_path, "b", letter="B")
    _write(tmp_path, "a").rename(tmp_path / "a.yml")
    assert [gate.id for gate in load_gates(tmp_path)] == ["a", "b"]
    assert [file.path.name for file in load_gate_files(tmp_path)] == ["a.yml", "b.yaml"]


@pytest.mark.parametrize("name", ["a.YAML", "a.Yml", "a.json"])
def test_a_gate_file_with_another_usual_suffix_is_read(tmp_path, name):
    """JSON is YAML; upper case means the same."""
    _write(tmp_path, "b", letter="B")
    path = _write(tmp_path, "a")
    document = yaml.safe_load(path.read_text())
    path.unlink()
    (tmp_path / name).write_text(json.dumps(document))
    assert [gate.id for gate in load_gates(tmp_path)] == ["a", "b"]


@pytest.mark.parametrize("name", ["old/c.yaml", "old/deep/c.json", "c.yaml.bak", "c.ymal", "c"])
def test_a_gate_file_that_would_not_be_read_is_refused(gonogo, tmp_path, name):
    """One in a sub-folder, or with an unknown suffix: exit 2, naming the file."""
    _write(tmp_path, "b", letter="B")
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(tmp_path, "c", letter="C").rename(path)
    code, _, err = gonogo("gate", "validate", tmp_path)
    assert code == 2
    assert f"{path}: a gate file " in err


def test_a_page_a_hidden_folder_and_other_files_may_lie_next_to_gate_files(tmp_path):
    """They hold no gates."""
    _write(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.yaml").write_text("a: b")
    (tmp_path / "README.md").write_text("apiVersion: gonogo/v1")
    (tmp_path / "Makefile").write_text("all:")
    assert [gate.id for gate in load_gates(tmp_path)] == ["one"]


def test_one_file_can_be_given_instead_of_a_folder(tmp_path):
    """`--gates FILE` judges that file's gates."""
    assert [gate.id for gate in load_gates(_write(tmp_path))] == ["one"]


def test_the_digest_of_a_gate_set_changes_with_any_threshold(bench):
    """Two reviews with one digest asked the same questions."""
    same, loosened = [bench.gate()], [bench.gate(bench.criterion(threshold="1"))]
    assert gate_set_digest(same) == gate_set_digest([bench.gate()])
    assert gate_set_digest(same) != gate_set_digest(loosened)


def test_a_review_of_no_target_is_refused(bench):
    """Evidence is about something, or it is about nothing."""
    from gates.decide import decide

    with pytest.raises(UsageProblem, match="no target is under review"):
        decide([bench.gate()], [], {}, bench.now)


def test_a_runbook_that_does_not_exist_is_a_fault_of_its_file(tmp_path):
    """A page would link to nothing: refused by whatever loads gates, naming file, gate and path."""
    path = _write(tmp_path)
    (tmp_path / "runbooks" / "x.md").unlink()
    with pytest.raises(UsageProblem, match=r"one.yaml: gate one: runbook 'runbooks/x.md': no such file"):
        load_gates(tmp_path)
    path.write_text(path.read_text().replace("runbooks/x.md", "runbooks"))
    with pytest.raises(UsageProblem, match="no such file"):
        load_gates(tmp_path)


def test_a_runbook_lies_beside_the_gates_or_in_the_folder_above_or_at_an_https_address(tmp_path):
    """And not outside of these, whatever a link in the folder says."""
    gates = tmp_path / "project" / "gates"
    gates.mkdir(parents=True)
    path = _write(gates)
    text = path.read_text()
    (tmp_path / "project" / "how.md").touch()
    (tmp_path / "secret.md").touch()
    (gates / "leak.md").symlink_to(tmp_path / "secret.md")
    for runbook in ("runbooks/x.md", "how.md", "how.md#step-2", "https://wiki.example:8443/run?page=1#top"):
        path.write_text(text.replace("runbooks/x.md", runbook))
        assert load_gates(gates)[0].runbook == runbook
    path.write_text(text.replace("runbooks/x.md", "leak.md"))
    with pytest.raises(UsageProblem, match="no such file"):
        load_gates(gates)
