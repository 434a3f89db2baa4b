"""`gonogo waiver`, `evidence attest`, and what every human act needs: signed acts, or a refusal."""

import json
import shutil
import signal

import click
import pytest
from signing import ADA, document, first, key, person, public, put_signers

from gates.acts.act import ActKind
from gates.acts.cli import as_option, sign_act
from gates.acts.store import load_acts
from gates.evidence.keys import load_signer
from gates.schema.entry import run
from gates.schema.gateset import CATALOG
from gates.signers.document import Role
from gates.signers.private import keep_key
from gates.signers.store import load_signers
from scorecards.cli import gonogo as command

GATE = "operator-controls"
ADD = ("waiver", "add", GATE, "--owner", "bob", "--reason", "known and small", "--ticket", "OPS-412", "--expires", "14d")
PLAN = ("--mitigation", "a second host by Friday")
CHANGE = "ab" * 32
REASON = ("--reason", "the runner lost its disk")
LONG_AGO = "2020-01-01T00:00:00Z"
CRITERION = "financial-integrity/storm_double_settles"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A state folder with Signers since 2020: Ada, Grace and Ines; the private keys of Ada and Grace are here."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    load_signer(tmp_path / "home")  # the evidence key, from before there were Signers
    put_signers(tmp_path / "home", first(document(at=LONG_AGO)), keys=tmp_path / "keys")
    return tmp_path / "home"


@pytest.fixture
def gonogo(home, capsys):
    """Run `gonogo ...` in this process; gives (exit code, stdout, stderr)."""
    before = signal.getsignal(signal.SIGTERM)

    def call(*argv):
        code = run(command, [str(item) for item in argv])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    yield call
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def loosen(home, capsys):
    """Sign a loosening as `gate loosen` does once a scorecard shows the change; gives (exit code, stdout, stderr)."""
    before = signal.getsignal(signal.SIGTERM)

    @click.command()
    @as_option
    def sign(people):
        sign_act(ActKind.LOOSENING, CRITERION, CHANGE, "the runner lost its disk", people)

    def call(*people):
        code = run(sign, [word for name in people for word in ("--as", name)])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    yield call
    signal.signal(signal.SIGTERM, before)


def kept(home, kind):
    """The acts of a kind that the state folder keeps."""
    return load_acts(home, load_signers(home))[kind]


def test_a_waiver_is_added_listed_and_checked(gonogo, home):
    """Signed by Ada, for a fortnight."""
    code, out, _ = gonogo(*ADD, *PLAN, "--as", "ada")
    assert (code, out.startswith(f"waived: {GATE} until "), ", renewal 0 of 2" in out) == (0, True, True)
    (row,) = json.loads(gonogo("waiver", "list", "--format", "json")[1])
    assert (row["gate"], row["state"], row["approver"], row["ticket"]) == (GATE, "in force", "ada", "OPS-412")
    assert gonogo("waiver", "check")[:2] == (0, "ok: 1 waivers verified, 1 in force\n")
    assert [held.people for held in kept(home, ActKind.WAIVER)] == [("ada",)]


def test_a_waiver_ends_when_its_gate_changes(gonogo, tmp_path):
    """`list` and `check` say so; it was signed for what the gate was, not for its name."""
    gonogo(*ADD, *PLAN, "--as", "ada")
    gates = shutil.copytree(CATALOG, tmp_path / "gates")
    shutil.copytree(CATALOG.parents[2] / "runbooks", tmp_path / "runbooks")
    path = next(path for path in gates.rglob("*.yaml") if f"id: {GATE}" in path.read_text())
    path.write_text(path.read_text().replace("title: ", "title: Now ", 1))
    (row,) = json.loads(gonogo("waiver", "list", "--gates", gates, "--format", "json")[1])
    assert row["state"] == "its gate changed after it was signed"
    code, out, _ = gonogo("waiver", "check", "--gates", gates)
    changed = f"the waiver {row['waiver']} of {GATE} is over: its gate changed after it was signed\n"
    assert (code, out) == (0, "ok: 1 waivers verified, 0 in force\n" + changed)


def test_a_third_renewal_is_refused(gonogo):
    """Exit 5: fix the gate."""
    codes = [gonogo(*ADD, *PLAN, "--as", "ada")[0] for _ in range(4)]
    assert codes == [0, 0, 0, 5]
    assert gonogo("waiver", "check")[1].startswith("ok: 3 waivers")


@pytest.mark.parametrize(
    ("words", "code", "fault"),
    [
        (("--owner", "ada"), 5, "ada cannot approve it: 'ada' owns the waiver"),
        (("--as", "mallory"), 5, "nobody with the id 'mallory' is in the Signers"),
        (("--as", "ci"), 5, "nobody with the id 'ci' is in the Signers"),
        (("--as", "ines"), 5, "holds no private key of ines that is in use"),
        (("--mitigation", "x"), 2, "mitigation: 'x' is no plan"),
        (("--expires", "15d"), 2, "is more than 14 days after"),
        (("--expires", "9999-01-01T00:00:00Z"), 2, "is more than 14 days after"),
        (("--expires", "2020-01-01T00:00:00Z"), 2, "is not after"),
        (("--expires", "soon"), 2, "'soon' is not a moment"),
        (("--ticket", " "), 2, "ticket: '' is not a ticket's name"),
        (("--reason", "x"), 2, "reason: 'x' is too short"),
    ],
)
def test_a_waiver_that_may_not_be_is_refused(gonogo, home, words, code, fault):
    """By its documented exit code, and nothing is kept."""
    found, _, err = gonogo(*ADD, *PLAN, "--as", "ada", *words)
    assert (found, fault in err) == (code, True), err
    assert kept(home, ActKind.WAIVER) == ()


@pytest.mark.parametrize(
    ("gate", "fault"),
    [
        ("G", "'G' is a letter; the gate's id is operator-controls"),
        ("operator-control", "no gate has the id 'operator-control'; the gates that can be waived: sre-reliability, operator-"),
        ("financial-integrity", "the gate financial-integrity is P0: it cannot be waived"),
    ],
)
def test_a_gate_that_cannot_be_waived_is_refused(gonogo, gate, fault):
    """Exit 2, with the ids of those that can."""
    code, _, err = gonogo("waiver", "add", gate, *ADD[3:], *PLAN, "--as", "ada")
    assert (code, fault in err) == (2, True), err


def test_without_signers_no_act_is_signed(gonogo, loosen, home):
    """Exit 5, with the command that begins them."""
    for path in (home / "signers.json", home / "signers.pin"):
        path.unlink()
    for code, _, err in (gonogo(*ADD, *PLAN, "--as", "ada"), loosen("ada")):
        assert (code, "needs Signers" in err, "gonogo signer init" in err) == (5, True, True)


def test_a_key_of_another_role_signs_no_waiver(gonogo, home):
    """Exit 5, naming the people who can."""
    people = (person("Ada", public(ADA), roles=[Role.FINDING]), *document().people[1:])
    put_signers(home, first(document(at=LONG_AGO, people=people)))
    code, _, err = gonogo(*ADD, *PLAN, "--as", "ada")
    assert (code, "ada does not hold the role waiver" in err, "these people can: grace, ines" in err) == (5, True, True)


def test_two_people_on_two_machines_complete_an_act(gonogo, loosen, home):
    """The first signature waits in a file that is named; the second keeps the act."""
    kind = ActKind.LOOSENING
    code, _, err = loosen("ada")
    assert (code, "signed by ada; it needs 1 more person with the role" in err, ": grace, ines" in err) == (5, True, True)
    (waiting,) = (home / "acts-waiting").iterdir()
    assert kept(home, kind) == ()
    assert gonogo("signer", "sign", waiting, "--as", "grace")[0] == 0
    assert [held.people for held in kept(home, kind)] == [("ada", "grace")]
    assert not waiting.exists()


def test_one_person_twice_is_one_signature(gonogo, loosen, home):
    """Exit 2 where both are named at once; the same person again later changes nothing and ends with 5."""
    code, _, err = loosen("ada", "Ada")
    assert (code, "ada is named twice" in err) == (2, True)
    keep_key("ada", key(9))
    people = (person("Ada", public(ADA), public(9)), *document().people[1:])
    put_signers(home, first(document(at=LONG_AGO, people=people)))
    loosen("ada")
    (waiting,) = (home / "acts-waiting").iterdir()
    code, _, err = gonogo("signer", "sign", waiting, "--as", "ada")
    assert (code, "it needs 1 more person" in err) == (5, True)


def test_two_people_on_one_machine_sign_at_once(loosen, home):
    """Both are named."""
    assert loosen("ada", "grace")[0] == 0
    (held,) = kept(home, ActKind.LOOSENING)
    assert held.statement.about.name == CRITERION


def test_an_attestation_ends_and_can_name_a_document(gonogo, home, tmp_path):
    """Signed by one person; without an end, or beyond 90 days, it is refused."""
    words = ("evidence", "attest", CRITERION, *REASON, "--as", "ada")
    assert gonogo(*words, "--expires", "91d")[0] == 2
    assert gonogo(*words)[0] == 2
    paper = tmp_path / "minutes.pdf"
    paper.write_bytes(b"")
    assert gonogo(*words, "--expires", "30d", "--file", paper)[0] == 0
    (held,) = kept(home, ActKind.ATTESTATION)
    assert held.statement.about.digest.sha256.startswith("e3b0c44298fc")


def test_waivers_of_another_gate_set_are_named_by_check(gonogo, tmp_path):
    """A review leaves them out; check ends with 2 and names them."""
    gonogo(*ADD, *PLAN, "--as", "ada")
    other = next(path for path in CATALOG.glob("*.yaml") if "financial-integrity" in path.name)
    code, _, err = gonogo("waiver", "check", "--gates", other)
    assert (code, f"no gate has the id '{GATE}'" in err) == (2, True)
