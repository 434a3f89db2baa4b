"""The access key: one file next to its database, from which everything secret about access is derived."""

import re

import pytest

from gateway.access_key import AccessKey, make_access_key, read_access_key
from gateway.engine.engine import Engine
from gateway.errors import StartProblem
from gateway.settings import Settings

KEY, OTHER = AccessKey(bytes(32)), AccessKey(bytes(31) + b"\x01")


def opened(settings):
    """The access key's bytes after the database was opened."""
    engine = Engine.open(settings)
    engine._reads.close()
    engine._store.close()
    return settings.access_key_file.read_bytes()


def test_a_new_database_gets_a_key_of_its_own_that_stays(tmp_path):
    """It is made at the first opening, for its owner alone, and is the same at the next."""
    settings = Settings(db=tmp_path / "gateway.db")
    first = opened(settings)
    assert len(first) == 32
    assert settings.access_key_file.stat().st_mode & 0o777 == 0o600
    assert opened(settings) == first
    assert opened(Settings(db=tmp_path / "other.db")) != first


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda path: path.unlink(), "is not there; restore it"),
        (lambda path: path.write_bytes(bytes(32)), "belongs to another database"),
        (lambda path: path.write_bytes(b"short"), "not an access key: 5 bytes"),
    ],
    ids=["lost", "another", "torn"],
)
def test_a_database_is_not_opened_with_another_key(tmp_path, damage, told):
    """Addresses would not be recognised any more, so the start says what to restore."""
    settings = Settings(db=tmp_path / "gateway.db")
    opened(settings)
    damage(settings.access_key_file)
    with pytest.raises(StartProblem, match=told):
        Engine.open(settings)


def test_a_key_in_a_file_is_read_as_it_was_made(tmp_path):
    """And a file that is there is never written over."""
    path = tmp_path / "a.access.key"
    made = make_access_key(path, "a secret of 256 bits")
    assert read_access_key(path).check == made.check
    with pytest.raises(StartProblem, match="cannot be written"):
        make_access_key(path, "another")


def test_codes_are_eight_digits_that_belong_to_one_challenge_and_one_key():
    """Ten thousand challenges have ten thousand codes, but for chance; another key has others."""
    codes = [KEY.code(f"sgn_{number}") for number in range(10_000)]
    assert all(re.fullmatch("[0-9]{8}", code) for code in codes)
    assert len(set(codes)) > 9_980
    assert KEY.is_code("sgn_7", codes[7])
    assert not KEY.is_code("sgn_8", codes[7])
    assert not OTHER.is_code("sgn_7", codes[7])


def test_no_purpose_can_stand_for_another():
    """The same text, or parts that join to the same text, derives another value for each purpose."""
    derived = [
        KEY.mac("a", "bc"),
        KEY.mac("ab", "c"),
        KEY.mac("a", "b", "c"),
        KEY.session_token("x").encode(),
        KEY.api_key("agent", "x").encode(),
        KEY.bootstrap_key("x").encode(),
        KEY.address_hash("x").encode(),
        KEY.hidden("address", "x").encode(),
        KEY.sign_in_id("x", "").encode(),
        KEY.check,
    ]
    assert len(set(derived)) == len(derived)


def test_tokens_have_256_bits_and_say_what_they_are():
    """A scanner of secrets knows them by their first letters."""
    assert re.fullmatch("gns_[A-Za-z0-9_-]{43}", KEY.session_token("ses_1"))
    assert re.fullmatch("gng_agent_[A-Za-z0-9_-]{43}", KEY.api_key("agent", "key_1"))
    assert re.fullmatch("gnb_[A-Za-z0-9_-]{43}", KEY.bootstrap_key("bsk_1"))
