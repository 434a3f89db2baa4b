"""A review reads well as text, and as JSON and YAML it is the same values."""

import datetime as dt

import msgspec
import yaml

from gates.render import age, render, render_gate, table
from gates.schema.canonical import to_builtins
from gates.schema.gateset import load_gates
from gates.schema.verdict import Review


def _review(bench):
    slow = bench.criterion(id="latency", measure="latency", unit="ms", operator="lt", threshold="300", warn_threshold="100")
    gates = [bench.gate(bench.criterion(), slow), bench.gate(bench.criterion(measure="absent"), gate_id="other", letter="D")]
    held = bench.held(measures={"double_settles": bench.measure(), "latency": bench.measure("112.5", "ms")})
    return bench.review(gates, [held])


def test_the_text_says_decision_value_threshold_samples_and_reason(bench):
    """One look shows the decision, its numbers, and what is missing."""
    text = render(_review(bench), "text")
    assert text.startswith("NO GO   as of 2026-11-23T10:00:00.000Z\n")
    assert "  1 of 2 P0 gates pass; with warnings: C financial-integrity; not judged: D other.\n" in text
    assert "WARN    P0  C financial-integrity: Is it? (owner backend)\n" in text
    assert "warn     latency         112.5 ms  less than 300 ms  n 412  60 min old" in text
    assert "112.5 ms, threshold less than 300 ms; warning threshold less than 100 ms" in text
    assert "missing: the evidence holds no measure absent" in text
    assert (
        "Not judged, and the command that collects the evidence:\n  gonogo load run smoke\n    other/double_settles: missing\n"
        in text
    )
    assert "Exit code 3: unknown: nothing failed, but something could not be judged." in text


def test_text_lines_have_no_trailing_blanks(bench):
    """So that a copy of it makes no noise in a diff."""
    text = render(_review(bench), "text")
    assert text.endswith("\n")
    assert all(line == line.rstrip() for line in text.splitlines())


def test_columns_line_up(bench):
    """Thresholds stand under thresholds, over all gates."""
    lines = [line for line in render(_review(bench), "text").splitlines() if "  n 412" in line or "  n 0" in line]
    assert len({line.index("  n ") for line in lines}) == 1


def test_a_reason_that_neighbours_share_is_said_once(bench):
    """A gate whose evidence is all missing says so in one line."""
    gate = bench.gate(bench.criterion(), bench.criterion(id="second"), bench.criterion(id="third"))
    assert render(bench.review([gate], []), "text").count("missing: no evidence of kind load-run about local") == 1


def test_json_and_yaml_are_the_same_values(bench):
    """Both decode to the review itself."""
    review = _review(bench)
    as_json, as_yaml = render(review, "json"), render(review, "yaml")
    assert msgspec.json.decode(as_json, type=Review) == review
    assert msgspec.convert(yaml.safe_load(as_yaml), Review) == review
    assert yaml.safe_load(as_yaml) == to_builtins(review)


def test_a_gate_is_explained_with_the_source_of_each_number():
    """Also where no command collects the evidence yet."""
    gates = {gate.letter: gate for gate in load_gates()}
    text = render_gate(gates["F"])
    assert "rollback_time: less than 900 s" in text
    assert "from recover_s in urn:gonogo:evidence:rollback-drill:v2, not older than 14d" in text
    assert "collected by `gonogo review --steps rollback --profile PROFILE --target T --gates GATES`" in text
    assert "no command collects this kind of evidence yet" in render_gate(gates["I"])
    assert "cannot be waived" in render_gate(gates["C"])
    assert "a failure is an automatic NO GO" in render_gate(gates["C"])


def test_a_waived_gate_says_by_whom_and_until_when(bench):
    """The waiver does not change the outcome."""
    p1 = bench.gate(bench.criterion(measure="absent"), gate_id="slow", letter="F", priority="P1", waivable=True)
    review = bench.review([bench.gate(), p1], [bench.held()], [bench.waiver("slow")])
    assert "UNKNOWN P1  F slow: Is it? (owner backend, waived until 2026-12-01T00:00:00Z by grace)" in render(review, "text")


def test_ages_are_said_as_people_say_them():
    """Seconds, minutes, hours, days."""
    hours = int(dt.timedelta(hours=5).total_seconds())
    assert [age(value) for value in (None, 59, 600, hours, 3 * 86_400)] == ["", "59 s", "10 min", "5 h", "3 d"]


def test_an_empty_table_has_no_lines():
    """Nothing to align."""
    assert table([]) == []
