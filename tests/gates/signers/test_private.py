"""Private keys lie outside the repository and the state folder, for their owner alone, and none is ever written over."""

import stat

import pytest
from signing import ADA, GRACE, key, signer

from gates.schema.errors import RefusedProblem, UsageProblem
from gates.signers.private import find_signer, keep_key, keys_dir, require_signer


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """A state folder and a folder of keys."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))


def test_a_key_is_kept_for_its_owner_alone_and_found_again(tmp_path):
    """Readable for nobody else, in a folder that nobody else can enter."""
    path = keep_key("ada", key(ADA))
    assert path == tmp_path / "keys" / "ada.key"
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)
    assert find_signer([signer(ADA).keyid]).keyid == signer(ADA).keyid
    assert [item.name for item in path.parent.iterdir()] == ["ada.key"]


def test_a_second_key_of_the_same_name_replaces_none(tmp_path):
    """It gets a number."""
    keep_key("ada", key(ADA))
    assert keep_key("ada", key(GRACE)) == tmp_path / "keys" / "ada-2.key"
    assert find_signer([signer(ADA).keyid]) is not None


def test_keys_lie_in_the_users_data_folder_unless_the_environment_names_another(tmp_path, monkeypatch):
    """The same folder whatever the working folder is."""
    monkeypatch.delenv("GONOGO_KEYS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert keys_dir() == tmp_path / "data" / "gonogo" / "keys"


@pytest.mark.parametrize(("place", "fault"), [("home/keys", "the state folder"), ("repository/keys", "a repository")])
def test_keys_in_the_state_folder_or_in_a_repository_are_refused(tmp_path, monkeypatch, place, fault):
    """They would be copied, or committed."""
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / place))
    with pytest.raises(UsageProblem, match=f"do not belong into {fault}") as caught:
        keep_key("ada", key(ADA))
    assert "GONOGO_KEYS" in caught.value.next_step
    assert not (tmp_path / place).exists()


def test_a_key_that_others_can_read_is_refused():
    """With the command that puts it right."""
    path = keep_key("ada", key(ADA))
    path.chmod(0o640)
    with pytest.raises(UsageProblem, match="others can read this private key") as caught:
        find_signer([signer(ADA).keyid])
    assert caught.value.next_step == f"chmod 600 {path}"


def test_a_file_that_is_no_key_is_refused():
    """Named."""
    path = keep_key("ada", key(ADA))
    path.write_bytes(b"short")
    with pytest.raises(UsageProblem, match=r"ada\.key: not a 32 byte Ed25519 key"):
        find_signer([signer(ADA).keyid])


def test_a_signer_without_a_key_here_is_refused():
    """The folder and the person are named."""
    with pytest.raises(RefusedProblem, match="keys: holds no private key of grace") as caught:
        require_signer([signer(GRACE).keyid], "grace")
    assert "sign on the machine that holds it" in caught.value.next_step
