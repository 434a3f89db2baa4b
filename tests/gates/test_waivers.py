"""A waiver is a flag: beside a P1 gate that may have one, until it expires, and never more."""

import json

import pytest
import yaml

from gates.schema.errors import UsageProblem
from gates.schema.outcome import Outcome, Priority
from gates.schema.time import format_utc
from gates.schema.waiver import load_waivers

WAIVER = """\
apiVersion: gonogo/v1
kind: Waiver
metadata: {name: reliability-november}
spec:
  gate: sre-reliability
  owner: ada
  approver: grace
  reason: known and small
  expires_at: 2026-12-01T00:00:00Z
  mitigation: a second host by Friday
"""


@pytest.fixture
def reliability(bench):
    """Judge the failing P1 gate `sre-reliability`, beside a passing P0 gate, with these waivers."""

    def judge(*waivers, failing=True, **changes):
        p0 = bench.gate(gate_id="integrity", letter="C")
        changes = {"priority": Priority.P1, "waivable": True, **changes}
        p1 = bench.gate(bench.criterion(measure="f"), gate_id="sre-reliability", letter="F", **changes)
        value = "1" if failing else "0"
        held = bench.held(measures={"double_settles": bench.measure(), "f": bench.measure(value)})
        return bench.review([p0, p1], [held], waivers).gates[1]

    return judge


def test_a_waiver_stands_beside_the_outcome(bench, reliability):
    """The gate still fails; who waived it, why and until when is said."""
    gate = reliability(bench.waiver())
    assert gate.outcome is Outcome.FAIL
    assert (gate.waived, gate.waived_by, gate.waived_until) == (True, "grace", "2026-12-01T00:00:00Z")
    assert (gate.waiver_reason, gate.mitigation) == ("known and small", "a second host by Friday")


def test_an_expired_waiver_does_nothing(bench, reliability):
    """At its moment of expiry it is over."""
    assert not reliability(bench.waiver(expires_at="2026-11-23T10:00:00Z")).waived
    assert reliability(bench.waiver(expires_at="2026-11-23T10:00:01Z")).waived


def test_a_p0_gate_cannot_be_waived(bench):
    """Not even by a waiver that names it."""
    gate = bench.review([bench.gate()], [], [bench.waiver("financial-integrity")]).gates[0]
    assert not gate.waived


def test_a_p0_gate_cannot_be_written_as_waivable(bench):
    """The gate file itself is refused."""
    with pytest.raises(UsageProblem, match="a P0 gate cannot be waivable"):
        bench.review([bench.gate(waivable=True)], [])


def test_an_unwaivable_gate_cannot_be_waived(bench, reliability):
    """A P1 gate says itself whether it may be waived, and does not unless it says so."""
    assert not reliability(bench.waiver(), waivable=False).waived


def test_a_waiver_of_another_gate_does_nothing(bench, reliability):
    """It flags the gate that it names alone."""
    assert not reliability(bench.waiver("growth-readiness")).waived


def test_a_gate_that_passes_needs_no_waiver(bench, reliability):
    """The flag says that something was accepted, so it is absent where nothing was."""
    assert not reliability(bench.waiver(), failing=False).waived


def test_of_several_waivers_the_longest_counts(bench, reliability):
    """In every order."""
    pair = (bench.waiver(expires_at="2026-12-24T00:00:00Z"), bench.waiver())
    assert {reliability(*order).waived_until for order in (pair, pair[::-1])} == {"2026-12-24T00:00:00Z"}


@pytest.mark.parametrize("name", ["gate", "owner", "approver", "reason"])
def test_a_waiver_without_a_name_in_it_is_refused(bench, name):
    """Somebody has to own it, somebody to approve it, and a reason has to be given."""
    with pytest.raises(UsageProblem, match=f"has no {name}"):
        bench.review([bench.gate()], [], [bench.waiver(**{name: " "})])


@pytest.fixture
def gates(bench):
    """A P0 gate, a P1 gate that may be waived, and one that may not."""
    waivable = bench.gate(gate_id="sre-reliability", letter="F", priority=Priority.P1, waivable=True)
    strict = bench.gate(gate_id="growth-readiness", letter="J", priority=Priority.P1)
    return (bench.gate(gate_id="integrity", letter="C"), waivable, strict)


@pytest.mark.parametrize("name", ["one.yaml", "one.yml", "one.YAML", "one.json"])
def test_waivers_are_read_from_a_folder(gates, tmp_path, name):
    """One document a file, whatever the case of its suffix; JSON is YAML."""
    text = json.dumps(yaml.safe_load(WAIVER), default=format_utc)
    (tmp_path / name).write_text(text)
    (waiver,) = load_waivers(tmp_path, gates)
    assert (waiver.gate, waiver.expires_at) == ("sre-reliability", "2026-12-01T00:00:00.000Z")


@pytest.mark.parametrize("name", ["old/one.yaml", "one.yaml~", "one.txt"])
def test_a_waiver_that_would_not_be_read_is_refused(gates, tmp_path, name):
    """In a sub-folder, or with an unknown suffix: named."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(WAIVER)
    with pytest.raises(UsageProblem) as caught:
        load_waivers(tmp_path, gates)
    assert f"{path}: a waiver file " in caught.value.message


def test_a_folder_of_waivers_that_is_not_there_is_refused(gates, tmp_path):
    """It may be misspelt: exit 2, naming it."""
    with pytest.raises(UsageProblem, match="waviers: no such folder"):
        load_waivers(tmp_path / "waviers", gates)


@pytest.mark.parametrize(
    ("gate", "fault"),
    [
        ("sre-relaibility", "no gate has the id 'sre-relaibility'; the gates that can be waived: sre-reliability"),
        ("F", "'F' is a letter; the gate's id is sre-reliability"),
        ("integrity", "the gate integrity is P0: it cannot be waived"),
        ("growth-readiness", "the gate growth-readiness is not waivable"),
    ],
)
def test_a_waiver_that_could_do_nothing_is_refused(gates, tmp_path, gate, fault):
    """Of an unknown gate, of one by its letter, of a P0 gate and of one that is not waivable: named with the file."""
    (tmp_path / "one.yaml").write_text(WAIVER.replace("sre-reliability", gate))
    with pytest.raises(UsageProblem) as caught:
        load_waivers(tmp_path, gates)
    assert f"one.yaml: $.spec.gate: {fault}" in caught.value.message


def test_a_waiver_file_that_is_wrong_names_itself(gates, tmp_path):
    """An expiry without a zone would mean another moment elsewhere."""
    (tmp_path / "one.yaml").write_text(WAIVER.replace("00:00:00Z", "00:00:00"))
    with pytest.raises(UsageProblem, match=r"one\.yaml: \$\.spec: .* names no time zone"):
        load_waivers(tmp_path, gates)
