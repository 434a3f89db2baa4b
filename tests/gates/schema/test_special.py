"""A pipe in the place of a file is refused before anything waits for it."""

import os

import pytest

from gates.evidence.dsse import TrustRoot
from gates.evidence.keys import load_signer, own_trust
from gates.evidence.store import EvidenceStore
from gates.schema.errors import UsageProblem
from gates.schema.state import read_state
from scorecards.verify import verify_folder

PLACES = ("state.json", "signers.json", "signers.pin", "keys/evidence-trust.json", "evidence/log.jsonl", "evidence/log.pending")


@pytest.mark.parametrize("place", PLACES)
def test_a_pipe_in_the_state_folder_is_refused(tmp_path, place):
    """By its path, by whatever command comes first."""
    load_signer(tmp_path)
    (tmp_path / place).unlink(missing_ok=True)
    os.mkfifo(tmp_path / place)
    with pytest.raises(UsageProblem, match="is neither a file nor a folder"):
        read_state(tmp_path)


def test_a_pipe_among_the_envelopes_is_refused(tmp_path):
    """The log lists it."""
    load_signer(tmp_path)
    (path,) = (tmp_path / "evidence" / "objects").glob("*/*")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(UsageProblem, match="is neither a file nor a folder"):
        EvidenceStore(tmp_path / "evidence").contents(own_trust(tmp_path))


@pytest.mark.parametrize("name", ["scorecard.yaml", "inputs.yaml", "log.jsonl", "signers.json"])
def test_a_pipe_in_a_review_folder_is_refused(tmp_path, name):
    """Such a folder may come from anybody."""
    os.mkfifo(tmp_path / name)
    with pytest.raises(UsageProblem, match="is neither a file nor a folder"):
        verify_folder(tmp_path, TrustRoot({}, {}))
