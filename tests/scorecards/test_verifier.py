"""Whose keys verify a scorecard: never those that lie in the folder that they signed, and a pin is held to the folder."""

from pathlib import Path

import pytest
from statements import reviewed
from weeks import Weeks

from gates.evidence.dsse import Signer, jwks_bytes
from gates.schema.errors import UnverifiedProblem, UsageProblem
from gates.schema.gate import Gate
from scorecards.verifier import whose


@pytest.fixture
def review(tmp_path: Path, signer: Signer, gates: tuple[Gate, ...]) -> Path:
    """A review without Signers, in a folder that carries its own keys."""
    life = Weeks(tmp_path / "home", signer)
    return life.judge(gates, reviewed("5f" * 32), "2026-11-27T12:05:00Z")[1]


def test_keys_out_of_the_folder_are_not_keys_that_were_brought(review: Path, signer: Signer, tmp_path: Path) -> None:
    """By whatever path they are named; a copy that somebody put elsewhere is their own decision."""
    link = tmp_path / "link"
    link.symlink_to(review)
    for path in (review / "trust.json", link / "trust.json", review / ".." / review.name / "trust.json"):
        assert whose(tmp_path / "nobody", path, None, review).trust is None
    brought = tmp_path / "keys.json"
    brought.write_bytes(jwks_bytes(signer.jwk))
    assert whose(tmp_path / "nobody", brought, None, review).trust is not None


@pytest.mark.parametrize("pin", ["abc", "E" * 64, "e" * 63, ""])
def test_a_pin_that_is_no_sha256_is_refused(pin: str, review: Path, tmp_path: Path) -> None:
    """Exit 2: it could never have matched."""
    with pytest.raises(UsageProblem, match="is not a sha256"):
        whose(tmp_path / "nobody", None, pin, review)


def test_a_pin_is_held_to_a_folder_without_signers(review: Path, tmp_path: Path) -> None:
    """Exit 8: whoever names the Signers expects them."""
    with pytest.raises(UnverifiedProblem, match="carries no Signers"):
        whose(tmp_path / "nobody", None, "e" * 64, review)
