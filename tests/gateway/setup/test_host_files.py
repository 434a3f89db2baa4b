"""A plan is carried out at once or not at all, and taken back to the former bytes."""

import os
import stat
import threading

import pytest
from filelock import FileLock
from msgspec.structs import replace

from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.hosts import files as host_files
from gateway.setup.hosts.ask import Seen, ask
from gateway.setup.hosts.entry import Server
from gateway.setup.hosts.files import HostFiles, read_file
from gateway.setup.hosts.plan import insert_plan
from gateway.setup.hosts.table import BY_ID, HOSTS, host_file

HOST = BY_ID["claude-code"]
SERVER = Server("/opt/gonogo/bin/gonogo", "http://127.0.0.1:8080", "/keys/api.key")
FORMER = b'{\n  "a": 1\n}\n'


@pytest.fixture
def files(tmp_path):
    """What changes hosts' files, with its state in a folder of the test."""
    return HostFiles(tmp_path / "state")


@pytest.fixture
def file(tmp_path):
    """A host's file."""
    path = tmp_path / "home" / ".claude.json"
    path.parent.mkdir()
    path.write_bytes(FORMER)
    return path


def _plan(path, server=SERVER, name="gonogo"):
    return insert_plan(HOST, str(path), name, server, read_file(path))


def test_applied_and_taken_back_the_bytes_and_the_mode_are_the_former_ones(files, file):
    """The backup is for its owner alone, and nothing is left next to the file."""
    file.chmod(0o640)
    files.apply(_plan(file))
    assert b"gonogo" in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    kept = [path for path in files._state.iterdir() if path.suffix == ".backup"]
    assert [(path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) for path in kept] == [(FORMER, 0o600)]
    assert files.undo(HOST.id, str(file), "gonogo")
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (FORMER, 0o640)
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert not files.undo(HOST.id, str(file), "gonogo")


def test_a_file_that_was_made_is_removed_again(files, file):
    """It is for its owner alone while it is there."""
    file.unlink()
    files.apply(_plan(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert files.undo(HOST.id, str(file), "gonogo")
    assert not file.exists()


def test_what_others_wrote_since_stays(files, file):
    """Undo takes our entry alone out of a file that has changed, also after a second change of ours."""
    files.apply(_plan(file))
    file.write_bytes(file.read_bytes().replace(b'"a": 1', b'"a": 2'))
    files.apply(_plan(file, replace(SERVER, base_url="http://127.0.0.1:9")))
    assert files.undo(HOST.id, str(file), "gonogo")
    assert file.read_bytes() == b'{\n  "a": 2,\n  "mcpServers": {\n  }\n}\n'


def test_a_link_is_followed_and_stays_a_link(files, file, tmp_path):
    """As people have who keep such files in a repository."""
    link = tmp_path / "link.json"
    link.symlink_to(file)
    files.apply(_plan(link))
    assert link.is_symlink()
    assert b"gonogo" in file.read_bytes()
    assert files.undo(HOST.id, str(link), "gonogo")
    assert file.read_bytes() == FORMER


def test_a_stale_plan_changes_nothing(files, file):
    """Nor does a plan whose edits somebody has changed."""
    plan = _plan(file)
    with pytest.raises(SetupProblem) as caught:
        files.apply(replace(plan, after_sha256="0" * 64))
    assert caught.value.code is SetupCode.HOST_FILE_CHANGED
    file.write_bytes(b"{}")
    with pytest.raises(SetupProblem, match="not the file that was planned for"):
        files.apply(plan)
    assert file.read_bytes() == b"{}"


def test_a_writer_at_the_same_moment_is_noticed(files, file, monkeypatch):
    """The bytes are compared directly before the file is replaced."""
    real = os.fchmod

    def interfere(*given):
        file.write_bytes(b'{"theirs": 1}')
        real(*given)

    monkeypatch.setattr(host_files.os, "fchmod", interfere)
    with pytest.raises(SetupProblem, match="changed by somebody else just now"):
        files.apply(_plan(file))
    assert file.read_bytes() == b'{"theirs": 1}'
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_many_of_ours_at_once_lose_nothing(files, file):
    """Each plans again where another came first; every entry is there in the end."""
    names, refused = [f"gonogo-{number}" for number in range(8)], set()

    def add(name):
        while True:
            try:
                files.apply(_plan(file, name=name))
            except SetupProblem as problem:
                refused.add(problem.code)
            else:
                return

    threads = [threading.Thread(target=add, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused <= {SetupCode.HOST_FILE_CHANGED, SetupCode.HOST_FILE_LOCKED}
    assert all(f'"{name}": {{'.encode() in file.read_bytes() for name in names)


def test_a_file_that_another_gonogo_changes_is_locked(files, file, monkeypatch):
    """After a wait; nothing is changed."""
    monkeypatch.setattr(host_files, "_LOCK_WAIT_S", 0.1)
    plan = _plan(file)
    files._state.mkdir()
    with FileLock(files._record(str(file)).with_suffix(".lock")), pytest.raises(SetupProblem) as caught:
        files.apply(plan)
    assert caught.value.code is SetupCode.HOST_FILE_LOCKED
    assert file.read_bytes() == FORMER


def test_what_is_no_regular_file_is_not_read(tmp_path):
    """A folder, a pipe that would never end, a link to nothing, a file that is too large."""
    pipe, dangling, large = tmp_path / "pipe", tmp_path / "dangling", tmp_path / "large"
    os.mkfifo(pipe)
    dangling.symlink_to(tmp_path / "nowhere")
    with large.open("wb") as sparse:
        sparse.truncate(64 * 1024 * 1024 + 1)
    for path, said in ((tmp_path, "regular"), (pipe, "regular"), (dangling, "a link to nothing"), (large, "bytes")):
        with pytest.raises(SetupProblem, match=said) as caught:
            read_file(path)
        assert caught.value.code is SetupCode.HOST_FILE_UNREADABLE
    assert read_file(tmp_path / "absent") is None


def test_a_state_folder_that_cannot_be_written_is_named(tmp_path, file):
    """And nothing is changed, since it could not be taken back."""
    (tmp_path / "state").write_text("")
    with pytest.raises(SetupProblem) as caught:
        HostFiles(tmp_path / "state").apply(_plan(file))
    assert caught.value.code is SetupCode.LOCAL_STATE_UNWRITABLE
    assert str(tmp_path / "state") in caught.value.detail
    assert file.read_bytes() == FORMER


def test_each_host_has_its_file_where_the_user_is(tmp_path):
    """By platform, and by the variables that move it."""
    linux = {host.id: host_file(host, "linux", tmp_path, {}) for host in HOSTS if "linux" in host.files}
    assert linux["claude-code"] == tmp_path / ".claude.json"
    assert linux["codex"] == tmp_path / ".codex" / "config.toml"
    assert str(host_file(BY_ID["codex"], "linux", tmp_path, {"CODEX_HOME": "/c"})) == "/c/config.toml"
    assert host_file(BY_ID["claude-desktop"], "darwin", tmp_path, {}).parts[-2:] == ("Claude", "claude_desktop_config.json")
    with pytest.raises(SetupProblem, match="Claude Desktop is not made for linux") as caught:
        host_file(BY_ID["claude-desktop"], "linux", tmp_path, {})
    assert caught.value.code is SetupCode.HOST_NOT_FOUND


ANSWERS = [
    ("echo 'gonogo: /opt/gonogo mcp serve - ok Connected'", Seen.SEEN),
    ("echo 'gonogo: /opt/gonogo mcp serve - Failed to connect'", Seen.NOT_SEEN),
    ("echo 'gonogo: /opt/gonogo mcp serve - Disconnected'", Seen.NOT_SEEN),
    ("echo 'gonogo: /opt/gonogo mcp serve - not Connected'", Seen.NOT_SEEN),
    ("echo 'gonogo-other: x - Connected'", Seen.NOT_SEEN),
    ("echo 'No MCP servers configured'", Seen.NOT_SEEN),
    ("echo 'gonogo: x - Connected'; exit 1", Seen.SEEN),
    ("printf 'o  v gonogo \\033[90mConnected\\033[0m\\n'", Seen.SEEN),
    ("printf 'o  x gonogo \\033[90mfailed\\n   Connected to nothing\\n'", Seen.NOT_SEEN),
    ("sleep 60", Seen.NOT_CHECKABLE),
]


@pytest.mark.parametrize(("script", "seen"), ANSWERS, ids=[script for script, _ in ANSWERS])
def test_the_host_is_asked_and_its_words_count_not_its_exit_code(tmp_path, monkeypatch, script, seen):
    """A host that lists the server as dead, lists another, or does not end."""
    program = tmp_path / "claude"
    program.write_text(f"#!/bin/sh\n[ \"$*\" = 'mcp list' ] || exit 9\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert ask(HOST, "gonogo", timeout_s=1 if script.startswith("sleep") else 60)[0] is seen


def test_a_host_that_is_not_here_cannot_be_asked(tmp_path, monkeypatch):
    """Nor one that has no such command; the reason is said."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ask(HOST, "gonogo") == (Seen.NOT_CHECKABLE, "claude is not on PATH")
    assert ask(BY_ID["cursor"], "gonogo")[0] is Seen.NOT_CHECKABLE
