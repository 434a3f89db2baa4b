"""A waiver is a flag: beside a P1 gate that may have one, until it expires, and never more."""

import datetime as dt
import json

import msgspec
import pytest
import yaml
from signing import ADA, BEGAN, GRACE, act, put_act, put_signers, waiver_act

from gates.acts.act import ActKind
from gates.acts.waivers import load_waivers
from gates.schema.errors import RefusedProblem, UnverifiedProblem, UsageProblem
from gates.schema.outcome import Outcome, Priority
from gates.schema.time import format_utc
from gates.schema.waiver import waived_gate

UNSIGNED = """\
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
GATE = "sre-reliability"
DAY = dt.timedelta(days=1)


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


def test_a_waiver_of_another_gate_than_this_does_nothing(bench, reliability):
    """Its gate changed after it was signed; the commands in it are no part of what was waived."""
    gate = bench.gate(bench.criterion(measure="f"), gate_id=GATE, letter="F", priority=Priority.P1, waivable=True)
    told = msgspec.structs.replace(gate.criteria[0].source, produced_by="gonogo load run weekly")
    with_command = msgspec.structs.replace(gate, criteria=(msgspec.structs.replace(gate.criteria[0], source=told),))
    looser = msgspec.structs.replace(gate, criteria=(msgspec.structs.replace(gate.criteria[0], threshold="9"),))
    for other, holds in ((gate, True), (with_command, True), (looser, False)):
        assert reliability(bench.waiver(gate_sha256=waived_gate(other))).waived is holds
    assert waived_gate(msgspec.structs.replace(gate, owner="somebody else")) != waived_gate(gate)


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


@pytest.fixture
def home(tmp_path):
    """A state folder with Signers in force: Ada, Grace, Ines and a machine."""
    put_signers(tmp_path / "home")
    return tmp_path / "home"


def signed_file(folder, name="one.intoto.json", gate=GATE, **changes):
    """A file with a signed waiver."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(msgspec.json.encode(waiver_act(gate, **changes)))
    return folder


def test_a_kept_waiver_is_read_from_the_state_folder(gates, home):
    """Its approver is who signed it, and it is in force from then on."""
    put_act(home, waiver_act(GATE))
    (waiver,) = load_waivers(home, None, gates)
    assert (waiver.gate, waiver.approver, waiver.owner, waiver.ticket) == (GATE, "ada", "bob", "OPS-412")
    assert (waiver.granted_at, waiver.expires_at) == ("2026-11-23T00:00:00.000Z", "2026-12-07T00:00:00.000Z")


@pytest.mark.parametrize("name", ["one.intoto.json", "one.json", "one.JSON"])
def test_signed_waivers_are_read_from_a_folder(gates, home, tmp_path, name):
    """In addition to those that the state folder keeps; the same one twice is one."""
    put_act(home, waiver_act(GATE))
    assert len(load_waivers(home, signed_file(tmp_path / "waivers", name), gates)) == 1
    at = format_utc(BEGAN + 20 * DAY)
    signed_file(tmp_path / "waivers", "two.json", at=at, expires_at=format_utc(BEGAN + 25 * DAY))
    assert len(load_waivers(home, tmp_path / "waivers", gates)) == 2


def test_a_waiver_does_nothing_before_it_is_signed(bench, reliability):
    """Judged as of an earlier moment it is not there yet."""
    assert not reliability(bench.waiver(granted_at="2026-11-23T10:00:01Z")).waived
    assert reliability(bench.waiver(granted_at="2026-11-23T10:00:00Z")).waived


@pytest.mark.parametrize("place", ["given", "home"])
@pytest.mark.parametrize("name", ["one.yaml", "one.yml", "one.YAML", "one.json"])
def test_a_waiver_that_nobody_has_signed_is_refused(gates, home, tmp_path, name, place):
    """By the name of its file, in the folder that is given and in the one where earlier releases looked: exit 5, the way on."""
    folder = tmp_path / "waivers" if place == "given" else home / "waivers"
    folder.mkdir()
    (folder / name).write_text(json.dumps(yaml.safe_load(UNSIGNED), default=format_utc) if name == "one.json" else UNSIGNED)
    with pytest.raises(RefusedProblem) as caught:
        load_waivers(home, folder if place == "given" else None, gates)
    assert caught.value.message == f"{folder / name}: a waiver that nobody has signed counts for nothing"
    assert "gonogo waiver add" in caught.value.next_step


def test_without_signers_there_are_no_waivers(gates, tmp_path):
    """A file or a kept act is refused with the command that begins Signers; without either there is nothing to refuse."""
    home = tmp_path / "home"
    assert load_waivers(home, None, gates) == []
    for refused in (
        lambda: load_waivers(home, signed_file(tmp_path / "waivers"), gates),
        lambda: load_waivers(home, None, gates),
    ):
        with pytest.raises(RefusedProblem, match="there are no Signers") as caught:
            refused()
        assert "gonogo signer init" in caught.value.next_step
        put_act(home, waiver_act(GATE))


@pytest.mark.parametrize("name", ["old/one.json", "one.yaml~", "one.txt"])
def test_a_waiver_that_would_not_be_read_is_refused(gates, home, tmp_path, name):
    """In a sub-folder, or with an unknown suffix: named."""
    path = tmp_path / "waivers" / name
    path.parent.mkdir(parents=True)
    path.write_text(UNSIGNED)
    with pytest.raises(UsageProblem) as caught:
        load_waivers(home, tmp_path / "waivers", gates)
    assert f"{path}: a waiver file " in caught.value.message


def test_a_folder_of_waivers_that_is_not_there_is_refused(gates, home, tmp_path):
    """It may be misspelt: exit 2, naming it."""
    with pytest.raises(UsageProblem, match="waviers: no such folder"):
        load_waivers(home, tmp_path / "waviers", gates)


@pytest.mark.parametrize(
    ("gate", "fault"),
    [
        ("sre-relaibility", "no gate has the id 'sre-relaibility'; the gates that can be waived: sre-reliability"),
        ("F", "'F' is a letter; the gate's id is sre-reliability"),
        ("integrity", "the gate integrity is P0: it cannot be waived"),
        ("growth-readiness", "the gate growth-readiness is not waivable"),
    ],
)
def test_a_waiver_that_could_do_nothing_is_refused(gates, home, tmp_path, gate, fault):
    """Of an unknown gate, of one by its letter, of a P0 gate and of one that is not waivable: named with the file."""
    with pytest.raises(UsageProblem) as caught:
        load_waivers(home, signed_file(tmp_path / "waivers", gate=gate), gates)
    assert f"one.intoto.json: subject: {fault}" in caught.value.message


def test_a_kept_waiver_of_a_p0_gate_is_refused_and_one_of_another_gate_set_left_out(gates, home):
    """The state folder may serve several gate sets; P0 is P0."""
    put_act(home, waiver_act("another-set"))
    assert load_waivers(home, None, gates) == []
    put_act(home, waiver_act("integrity"))
    with pytest.raises(UsageProblem, match="the gate integrity is P0: it cannot be waived"):
        load_waivers(home, None, gates)


def test_two_waivers_by_the_owner_without_an_end_are_refused(gates, home, tmp_path):
    """Until 9999, with mitigation "x", approved by who owns it: each fault is named, though the signature is a true one."""
    folder = signed_file(tmp_path / "waivers", owner="ada", mitigation="x", expires_at="9999-01-01T00:00:00Z")
    with pytest.raises(UnverifiedProblem) as caught:
        load_waivers(home, folder, gates)
    assert "is more than 14 days after" in caught.value.message
    assert "mitigation: 'x' is no plan" in caught.value.message
    signed_file(folder, owner="ada")
    with pytest.raises(UnverifiedProblem, match="ada cannot approve it: 'ada' owns the waiver"):
        load_waivers(home, folder, gates)


def test_the_owner_of_the_gate_does_not_approve_its_waiver(bench, home):
    """Even where the waiver names another owner."""
    put_act(home, waiver_act(GATE))
    gate = bench.gate(gate_id=GATE, letter="F", priority=Priority.P1, waivable=True, owner="ada")
    with pytest.raises(UnverifiedProblem, match="ada cannot approve it: 'ada' owns the gate"):
        load_waivers(home, None, [gate])


def renewed(home, *days):
    """Waivers of one gate that begin on these days and last a fortnight."""
    for day in days:
        at = BEGAN + day * DAY
        put_act(home, waiver_act(GATE, at=format_utc(at), expires_at=format_utc(at + 14 * DAY)))


def test_a_third_renewal_is_refused(gates, home):
    """Three in a row are one waiver and two renewals; the fourth does not count, nor a day of pause before it."""
    renewed(home, 0, 14, 28)
    assert len(load_waivers(home, None, gates)) == 3
    renewed(home, 43)
    with pytest.raises(UnverifiedProblem, match="of sre-reliability is a third renewal; 2 are allowed"):
        load_waivers(home, None, gates)


def test_after_a_fortnight_without_a_waiver_the_count_begins_again(gates, home):
    """The gate was without one for as long as one lasts."""
    renewed(home, 0, 14, 28, 56)
    assert len(load_waivers(home, None, gates)) == 4


def test_renewals_at_the_same_time_count_too(gates, home):
    """Four waivers that overlap are a waiver and three renewals."""
    renewed(home, 0, 1, 2, 3)
    with pytest.raises(UnverifiedProblem, match="is a third renewal"):
        load_waivers(home, None, gates)


def test_a_kept_waiver_that_was_changed_is_refused(gates, home):
    """Its name is the sha256 of its content: exit 8, naming the file."""
    digest = put_act(home, waiver_act(GATE))
    path = home / "evidence" / "objects" / digest[:2] / f"{digest}.intoto.json"
    path.write_bytes(msgspec.json.encode(waiver_act(GATE, ticket="OPS-413")))
    with pytest.raises(UnverifiedProblem, match=digest[:12]):
        load_waivers(home, None, gates)


def test_an_act_that_is_no_waiver_is_refused_in_a_folder_of_waivers(gates, home, tmp_path):
    """Exit 2, naming what it is."""
    (tmp_path / "waivers").mkdir()
    envelope = act(ActKind.LOOSENING, ADA, GRACE)
    (tmp_path / "waivers" / "one.json").write_bytes(msgspec.json.encode(envelope))
    with pytest.raises(UsageProblem, match=r"one\.json: is the act loosening, not a waiver"):
        load_waivers(home, tmp_path / "waivers", gates)
