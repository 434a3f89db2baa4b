"""Verification: what was changed is found, what was not checked is never ok."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from signing import put_act, put_signers, signers, waiver_act
from statements import reviewed
from weeks import Weeks

from gates.evidence.dsse import Signature, Signer, TrustRoot, decode_envelope, jwks_bytes
from gates.evidence.keys import own_trust
from gates.evidence.store import Held
from gates.schema.gate import Gate
from gates.schema.outcome import ExitCode
from gates.schema.waiver import waived_gate
from scorecards.verify import Checked, Level, exit_code, levels_text, verify_folder

Change = Callable[[bytes], bytes]
PIN = signers().digest


@pytest.fixture
def life(tmp_path: Path, signer: Signer, gates: tuple[Gate, ...], evidence: list[Held]) -> Weeks:
    """A rehearsal's state folder with an official week, a waiver that Ada signed, and this week's evidence."""
    life = Weeks(tmp_path / "home", signer)
    put_signers(life.home)
    (gate,) = [gate for gate in gates if gate.id == "operator-controls"]
    put_act(life.home, waiver_act(gate.id, sha256=waived_gate(gate)))
    life.judge(gates, reviewed("5f" * 32), "2026-11-20T12:01:00Z")
    life.add(evidence, "2026-11-27T11:50:00Z")
    return life


@pytest.fixture
def trust(life: Weeks) -> TrustRoot:
    return own_trust(life.home)


@pytest.fixture
def review(life: Weeks, gates: tuple[Gate, ...]) -> Path:
    """The folder of an official review with a week before it."""
    return life.judge(gates, reviewed("5f" * 32), "2026-11-27T12:05:00Z")[1]


def failed(levels: Sequence[Level]) -> list[str]:
    return [level.claim for level in levels if level.checked is Checked.FAIL]


def test_an_untouched_folder_is_verified_at_every_level(review: Path, trust: TrustRoot) -> None:
    """Evidence, last week, YAML, HTML, signature and signer pass: exit 0."""
    levels = verify_folder(review, trust, pin=PIN)
    assert [level.checked for level in levels] == [Checked.PASS] * 10
    assert exit_code(levels) is ExitCode.GREEN
    assert levels_text(levels, "text").endswith("verified\n")


def test_without_a_trust_root_the_signer_is_not_checked_and_the_folder_not_verified(
    tmp_path: Path, signer: Signer, gates: tuple[Gate, ...], evidence: list[Held]
) -> None:
    """The folder fits together, but its own keys vouch for nothing: exit 3."""
    life = Weeks(tmp_path / "real", signer, rehearsal=False)
    life.add(evidence, "2026-11-27T11:50:00Z")
    levels = verify_folder(life.judge(gates, reviewed("5f" * 32), "2026-11-27T12:05:00Z")[1], None)
    assert [level.checked for level in levels] == [Checked.PASS] * 9 + [Checked.NOT_CHECKED]
    assert exit_code(levels) is ExitCode.UNKNOWN


def test_a_rehearsal_verifies_nowhere_else(review: Path) -> None:
    """Its key is marked, so its folder's own word does not even fit together: exit 8."""
    levels = verify_folder(review, None)
    assert exit_code(levels) is ExitCode.UNVERIFIED
    assert any("a rehearsal key: it verifies nothing outside its rehearsal" in level.detail for level in levels)


def test_acts_count_only_under_signers_that_the_verifier_names(review: Path, trust: TrustRoot) -> None:
    """The people who signed them are listed in the folder itself, which anyone can write: not checked, exit 3."""
    levels = verify_folder(review, trust)
    assert [level.claim.partition(" ")[0] for level in levels if level.checked is Checked.NOT_CHECKED] == ["waivers,"]
    assert exit_code(levels) is ExitCode.UNKNOWN


def test_a_stranger_s_keys_verify_nothing(review: Path) -> None:
    """Under another key every signature fails: exit 8."""
    stranger = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
    levels = verify_folder(review, TrustRoot.from_jwks(jwks_bytes(stranger.jwk), "a stranger"))
    assert exit_code(levels) is ExitCode.UNVERIFIED
    assert "which the trust root does not hold" in levels[0].detail


def test_the_signer_that_is_named_is_the_one_whose_signature_holds(review: Path, life: Weeks, trust: TrustRoot) -> None:
    """An entry in another trusted key's name, placed before the real signature, is not reported."""
    other = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
    path = review / "scorecard.intoto.json"
    envelope = decode_envelope(path.read_bytes(), "it")
    forged = (Signature(other.keyid, "AAAA"), *envelope.signatures)
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(envelope, signatures=forged)))
    both = trust.joined(TrustRoot.from_jwks(jwks_bytes(other.jwk), "the test"))
    level = verify_folder(review, both)[8]
    assert (level.checked, level.detail) == (Checked.PASS, f"by {life.own.keyid}")


ROWS: list[tuple[str, Change, str, str]] = [
    (
        "scorecard.yaml",
        lambda data: data.replace(b"decision: NO GO", b"decision: GO", 1),
        "yaml",
        "line 15: found 'decision: GO'",
    ),
    ("scorecard.yaml", lambda data: data + b"# a note\n", "yaml", "but it should be"),
    ("scorecard.html", lambda data: data.replace(b"NO GO", b"GO", 1), "html", "scorecard.html line"),
    ("inputs.yaml", lambda data: data.replace(b"threshold: '300'", b"threshold: '900'", 1), "yaml", "scorecard.yaml line"),
    ("inputs.yaml", lambda data: data.replace(b"history:", b"histories:", 1), "last week", "unknown key 'histories'"),
    ("inputs.yaml", lambda data: data.replace(b"owner: bob", b"owner: eve", 1), "waivers", "in no signed act"),
    (
        "inputs.yaml",
        lambda data: data.replace(b"state: unknown", b"state: green", 1),
        "past week",
        "is not what its signed card says",
    ),
    ("history.intoto.jsonl", lambda _data: b"", "past week", "holds no signed card of 2026-W47"),
    ("acts.intoto.jsonl", lambda _data: b"", "waivers", "in no signed act"),
    ("log.jsonl", lambda data: b"\n".join(data.split(b"\n")[:-2]) + b"\n", "log", "the inputs name"),
    (
        "evidence.intoto.jsonl",
        lambda data: data.replace(b'"payload":"e', b'"payload":"f', 1),
        "evidence",
        "evidence.intoto.jsonl:1",
    ),
    ("evidence.intoto.jsonl", lambda data: b"\n".join(data.split(b"\n")[1:]), "yaml", "scorecard.yaml line"),
    ("previous.yaml", lambda data: data.replace(b"NO GO", b"GO", 1), "last week", "has the sha256"),
    ("scorecard.intoto.json", lambda data: data.replace(b'"sig":"', b'"sig":"AAAA', 1), "signature", "does not hold"),
    ("trust.json", lambda _data: b"{}", "", ""),
]


@pytest.mark.parametrize(("name", "change", "claim", "detail"), ROWS)
def test_each_kind_of_tampering_is_found_and_named(
    review: Path, trust: TrustRoot, name: str, change: Change, claim: str, detail: str
) -> None:
    """One row changes one file; the level that it concerns fails and says where. The folder's own keys matter to nobody."""
    path = review / name
    before = path.read_bytes()
    path.write_bytes(change(before))
    assert path.read_bytes() != before
    levels = verify_folder(review, trust, pin=PIN)
    if not claim:
        assert exit_code(levels) is ExitCode.GREEN
        return
    assert exit_code(levels) is ExitCode.UNVERIFIED
    assert any(claim in failure for failure in failed(levels))
    assert any(detail in level.detail for level in levels)


@pytest.mark.parametrize("name", ["scorecard.yaml", "scorecard.html", "inputs.yaml", "previous.yaml", "evidence.intoto.jsonl"])
def test_a_missing_file_is_named(review: Path, trust: TrustRoot, name: str) -> None:
    """Nothing is taken as read."""
    (review / name).unlink()
    levels = verify_folder(review, trust, pin=PIN)
    assert exit_code(levels) is ExitCode.UNVERIFIED
    assert any(name in level.detail for level in levels if level.checked is Checked.FAIL)


def test_a_second_review_after_the_cut_off_is_a_preview_of_the_same_week(
    review: Path, life: Weeks, trust: TrustRoot, gates: tuple[Gate, ...]
) -> None:
    """The log decides what is official, and the later folder verifies just as well."""
    card, again = life.judge(gates, reviewed("5f" * 32), "2026-11-27T15:00:00Z")
    assert again != review
    assert card.spec.standing.value == "preview"
    assert exit_code(verify_folder(again, trust, pin=PIN)) is ExitCode.GREEN


@pytest.mark.parametrize("name", ["scorecard.yaml", "scorecard.html"])
def test_line_ends_that_were_changed_are_said_to_be_so(review: Path, trust: TrustRoot, name: str) -> None:
    """CR LF in the place of LF, as a checkout on Windows makes them."""
    path = review / name
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    details = [level.detail for level in verify_folder(review, trust, pin=PIN) if level.checked is Checked.FAIL]
    assert f"{name}: every line ends with CR LF, not with LF as it was written; nothing else was changed" in details
