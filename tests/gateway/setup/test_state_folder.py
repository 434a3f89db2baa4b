"""The setup's own folder where others can write to it, where links lie in it, and where a newer release has been."""

import os

import msgspec
import pytest
from click.testing import CliRunner
from setup_stage import QUICK, RUN

from gateway.setup import private
from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.local import LocalState
from gateway.setup.private import make_private_folder
from gateway.setup.setup_cli import setup

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def command(stage, monkeypatch):
    """Run a command of `gonogo setup` on the machine of the test; click's result."""
    monkeypatch.setenv("GONOGO_SETUP_STATE", str(stage.local.folder))
    monkeypatch.delenv("GONOGO_BASE_URL", raising=False)
    return lambda *words: CliRunner().invoke(setup, list(words))


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702, 0o1777])
def test_a_folder_that_others_may_write_to_is_refused_with_the_way_to_close_it(stage, command, mode):
    """local_state_shared, before anything in it is believed or sent; closed again, the setup goes on."""
    stage.local.folder.mkdir()
    stage.local.begin(RUN, NOWHERE)
    stage.local.save_session(NOWHERE, "gns_planted")
    stage.local.folder.chmod(mode)
    for words in (("run", "--base-url", NOWHERE), ("resume",), ("login",)):
        done = command(*words)
        assert done.exit_code == 1  # click's own code; `gonogo` ends with 2
        assert "local_state_shared" in done.output
        assert f"chmod go-w {stage.local.folder}" in done.output
    stage.local.folder.chmod(0o755)
    with stage.local.locked():
        pass


def test_a_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    """Its owner can write there, whatever its mode."""
    (tmp_path / "theirs").mkdir(mode=0o700)
    monkeypatch.setattr(private.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(SetupProblem, match="belongs to the user") as caught, LocalState(tmp_path / "theirs").locked():
        pass
    assert caught.value.code is SetupCode.LOCAL_STATE_SHARED


def test_a_new_folder_is_for_its_user_alone_whatever_the_umask(tmp_path):
    """So it is never the one that is refused."""
    before = os.umask(0)
    try:
        make_private_folder(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_where_others_may_write_what_undo_needs_the_host_is_left_to_its_user(stage):
    """The entry is printed to be pasted, the file stays, and the setup goes on."""
    undo = stage.folder / "xdg" / "gonogo" / "hosts"
    undo.mkdir(parents=True)
    undo.chmod(0o777)
    report = stage.walk(msgspec.structs.replace(QUICK, hosts=("gemini",)))
    assert (report.outcome, next(step.code for step in report.steps if step.id == "apply")) == (
        "trust_only",
        "local_state_shared",
    )
    assert "paste this by hand" in stage.said.getvalue()
    assert not (stage.folder / "home" / ".gemini").exists()


def test_a_link_in_the_place_of_the_journal_is_not_followed(stage):
    """local_state_unwritable; what it leads to stays as it is."""
    other = stage.folder / "other"
    other.write_text("")
    stage.local.run_folder(RUN).mkdir(parents=True)
    stage.local.journal_file(RUN).symlink_to(other)
    with pytest.raises(SetupProblem) as caught:
        stage.walk()
    assert caught.value.code is SetupCode.LOCAL_STATE_UNWRITABLE
    assert other.read_text() == ""


@pytest.mark.parametrize("words", [["run", "--base-url", NOWHERE], ["resume"], ["login"], ["report"], ["replay"]])
def test_no_command_reads_or_changes_what_a_newer_release_has_written(stage, command, words):
    """state_newer, with what to do; the bytes stay."""
    stage.local.folder.mkdir()
    state = stage.local.folder / "state.json"
    state.write_bytes(b'{"version":2,"runs":[]}')
    done = command(*words)
    assert done.exit_code == 1
    assert "state_newer" in done.output
    assert "GONOGO_SETUP_STATE" in done.output
    assert state.read_bytes() == b'{"version":2,"runs":[]}'


def test_going_on_uses_the_key_file_of_the_first_walk(stage, monkeypatch, tmp_path):
    """Without `--key-file` again; no second key is made in another file."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    stage.environ.clear()
    stage.walk(msgspec.structs.replace(QUICK, key_file=tmp_path / "mine.key"))
    stage.said.truncate(0)
    assert stage.walk(msgspec.structs.replace(QUICK, address=None)).outcome == "trust_only"
    assert "signed in with the saved key" in stage.said.getvalue()
    assert not (tmp_path / "data").exists()
