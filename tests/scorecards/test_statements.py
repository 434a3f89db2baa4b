"""In-toto statements about a scorecard: PASSED for GO alone, made of what verifies, signed by who may."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from outputs import of_yaml
from signing import CI, document, first, key, machine, put_signers

from gates.evidence.dsse import TrustRoot, decode_envelope, jwks_bytes
from gates.evidence.keys import load_signer, own_trust
from gates.evidence.store import Held
from gates.outputs.statements import STATEMENTS, Basis, Verifier, make_test_result, make_vsa
from gates.schema import options
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UnknownProblem, UnverifiedProblem
from gates.schema.gate import Gate
from gates.schema.outcome import Decision
from gates.schema.state import make_state
from gates.signers.document import Role
from gates.signers.private import keep_key
from gates.signers.ring import Signers
from gates.signers.store import load_signers
from scorecards.build import BuildInputs, build
from scorecards.cli import gonogo
from scorecards.output import shown
from scorecards.report import report_of
from scorecards.schema import Scorecard
from scorecards.statements import signer_of

BUILD = "5f" * 32
BASIS = Basis(Verifier.OFFICIAL, "b" * 64, "c" * 64, {"evidence.intoto.jsonl": "d" * 64})
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh state folder, and a folder of private keys next to it."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `gonogo scorecard ...`; gives the exit code and stdout."""

    def call(*arguments: str) -> tuple[int, str]:
        code = gonogo.main(["scorecard", *arguments], standalone_mode=False)
        return (code or 0), capsys.readouterr().out

    return call


def payload(text: str) -> dict:
    """The statement in an envelope."""
    return json.loads(base64.b64decode(json.loads(text)["payload"]))


def test_the_options_offer_every_statement() -> None:
    """No more and no fewer."""
    assert set(options.STATEMENTS) == set(STATEMENTS)


@pytest.mark.parametrize("verifier", Verifier)
@pytest.mark.parametrize("decision", Decision)
def test_a_verification_summary_passes_for_go_alone(week: Scorecard, decision: Decision, verifier: Verifier) -> None:
    """Its level names whose GO it is, so that a preview's is not taken for an official one."""
    report = msgspec.structs.replace(report_of(week), decision=decision)
    said = make_vsa(report, msgspec.structs.replace(BASIS, verifier=verifier))["predicate"]
    passed = decision is Decision.GO
    assert said["verificationResult"] == ("PASSED" if passed else "FAILED")
    assert said["verifiedLevels"] == [f"GONOGO_GO_{verifier.name}" if passed else "FAILED"]
    assert said["verifier"]["id"] == verifier.value


def test_a_green_week_is_passed(
    make_inputs: Callable[..., BuildInputs], green_gates: tuple[Gate, ...], green_evidence: list[Held]
) -> None:
    """A whole GO, from evidence to both statements."""
    report = report_of(build(make_inputs(gates=green_gates), green_evidence, None))
    assert report.decision is Decision.GO
    assert make_vsa(report, BASIS)["predicate"]["verificationResult"] == "PASSED"
    said = make_test_result(report, BASIS)
    assert said["subject"] == [{"name": "local", "digest": {"sha256": BUILD}}]
    assert (said["predicate"]["result"], said["predicate"]["failedTests"]) == ("WARNED", [])  # one P1 gate has a warning


def test_a_test_result_lists_each_criterion_by_its_outcome(week: Scorecard) -> None:
    """What is unknown is in no list; what is waived warns."""
    said = make_test_result(report_of(week), BASIS)["predicate"]
    marks = of_yaml(shown(week, "yaml")).criteria
    lists = {"pass": "passedTests", "warn": "warnedTests", "waived": "warnedTests", "fail": "failedTests"}
    for name in ("passedTests", "warnedTests", "failedTests"):
        assert sorted(said[name]) == sorted(test for test, mark in marks.items() if lists.get(mark) == name)
    assert said["result"] == "FAILED"


@pytest.mark.parametrize(
    ("decision", "yellow", "result"),
    [(Decision.GO, False, "PASSED"), (Decision.GO, True, "WARNED"), (Decision.CONDITIONAL_GO, True, "WARNED")],
)
def test_a_test_result_warns_where_not_everything_passes_cleanly(
    week: Scorecard, decision: Decision, yellow: bool, result: str
) -> None:
    """Also for a CONDITIONAL GO."""
    report = msgspec.structs.replace(report_of(week), decision=decision, yellow=yellow)
    assert make_test_result(report, BASIS)["predicate"]["result"] == result


def test_without_a_build_there_is_no_statement(week: Scorecard) -> None:
    """It would be about nothing; a build that is no sha256 is not called one."""
    with pytest.raises(UnknownProblem, match="the build of local is not known"):
        make_vsa(msgspec.structs.replace(report_of(week), build=""), BASIS)
    said = make_vsa(msgspec.structs.replace(report_of(week), build="release 7"), BASIS)
    assert said["subject"] == [{"name": "local", "digest": {"build": "release 7"}}]


@pytest.mark.parametrize("output_format", STATEMENTS)
def test_a_previews_statement_is_signed_by_this_machines_key(run: Run, home: Path, output_format: str) -> None:
    """And names the files of the folder by their sha256."""
    run("build", "--build", BUILD)
    code, text = run("show", "--format", output_format)
    assert code == 0
    assert own_trust(home).verify(decode_envelope(text.encode(), "stdout")).keyids == (load_signer(home).keyid,)
    said = payload(text)["predicate"]
    if output_format == "vsa":
        assert (said["verificationResult"], said["verifier"]["id"]) == ("FAILED", "urn:gonogo:verifier:preview")
        latest = home / "reviews" / "latest"
        named = {one["uri"]: one["digest"]["sha256"] for one in said["inputAttestations"]}
        assert named == {name: sha256_hex((latest / name).read_bytes()) for name in named}
        assert {"scorecard.intoto.json", "evidence.intoto.jsonl"} <= set(named)


def test_a_changed_scorecard_gets_no_statement(run: Run, home: Path) -> None:
    """A GO that was written by hand is not signed: 8, and nothing on stdout."""
    run("build", "--build", BUILD)
    path = home / "reviews" / "latest" / "scorecard.yaml"
    path.write_text(path.read_text().replace("decision: NO GO", "decision: GO"))
    with pytest.raises(UnverifiedProblem, match=r"scorecard\.yaml follows from inputs and evidence: FAIL"):
        run("show", "--format", "vsa")


def test_the_folder_of_another_machine_gets_no_statement(
    run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its keys are not among the verifier's own: without any it is not known, with others it is refused."""
    run("build", "--build", BUILD)
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "other"))
    with pytest.raises(UnknownProblem, match="the signer is one that you trust: not checked"):
        run("show", str(home / "reviews" / "latest"), "--format", "vsa")
    load_signer(tmp_path / "other")
    with pytest.raises(UnverifiedProblem, match="FAIL"):
        run("show", str(home / "reviews" / "latest"), "--format", "vsa")


def test_a_rehearsals_statement_says_so_and_its_key_is_refused_elsewhere(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its official scorecard is official nowhere else."""
    make_state(home, rehearsal=True)
    clock = home.parent / "clock"
    clock.write_text("2026-11-27T12:00:00Z")
    monkeypatch.setenv("GONOGO_REHEARSAL_CLOCK", str(clock))
    run("build", "--build", BUILD)
    _, text = run("show", "--format", "vsa")
    assert payload(text)["predicate"]["verifier"]["id"] == "urn:gonogo:verifier:rehearsal"
    trust = TrustRoot.from_jwks(jwks_bytes(load_signer(home).jwk), "anybody")
    with pytest.raises(UnverifiedProblem, match="a rehearsal key"):
        trust.verify(decode_envelope(text.encode(), "stdout"))


def test_an_official_statement_is_signed_by_a_listed_machine_or_by_nobody(home: Path) -> None:
    """The evidence key of the state folder signs previews, and makes nothing official."""
    put_signers(home)
    found = load_signers(home)
    assert signer_of(home, found, official=True) is None
    preview = signer_of(home, found, official=False)
    assert preview is not None
    assert preview.keyid not in official_keys(found)
    keep_key("ci", key(CI))
    for official in (True, False):
        listed = signer_of(home, found, official=official)
        assert listed is not None
        assert listed.keyid in official_keys(found)


def test_a_machine_for_evidence_alone_signs_no_official_statement(home: Path) -> None:
    """Its key is here, and is listed for something else."""
    put_signers(home, first(document(machines=(machine(roles=(Role.EVIDENCE,)),))))
    keep_key("ci", key(CI))
    found = load_signers(home)
    assert signer_of(home, found, official=True) is None
    assert signer_of(home, found, official=False) is not None


def official_keys(found: Signers | None) -> set[str]:
    """The keys that the document lists for official scorecards."""
    assert found is not None
    return {one.keyid for machine in found.spec.machines if Role.OFFICIAL in machine.roles for one in machine.keys}


def test_without_its_key_a_statement_is_bare_and_stderr_says_so(run: Run, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It proves nothing."""
    run("build", "--build", BUILD)
    (home / "keys" / "evidence-signing.key").unlink()
    gonogo.main(["scorecard", "show", "--format", "vsa"], standalone_mode=False)
    shown_text = capsys.readouterr()
    assert json.loads(shown_text.out)["predicateType"] == "https://slsa.dev/verification_summary/v1"
    assert "not signed: no key here may sign this statement" in shown_text.err
