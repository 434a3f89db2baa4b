"""Files that a user names to a setup: what is no file with one short line is named, and nothing waits for ever."""

import os
import socket
import threading
from pathlib import Path

import msgspec
import pytest
from fake_gateway import BOOTSTRAP_KEY, CODE
from setup_stage import QUICK, Answering
from waiting import eventually

from gateway.setup.client import read_key
from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.short_file import LONGEST, first_line, is_stream, whole
from gateway.setup.steps import code, enter

replace = msgspec.structs.replace
SOON_S = 0.05
LONG_S = 120.0


def folder(path):
    """A folder in the place of a file."""
    path.mkdir()


def nothing(path):
    """No file at all."""


def sock(path):
    """A socket, which cannot be opened."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def huge(path):
    """A hole: it takes no room, and no memory holds what is read from it."""
    with path.open("wb") as file:
        file.truncate(1 << 40)


def endless(path):
    """A device that never ends."""
    path.symlink_to("/dev/zero")


WRONG = [folder, nothing, sock, huge, endless, os.mkfifo]


@pytest.mark.parametrize("make", WRONG)
def test_what_is_no_line_of_a_file_is_named(tmp_path, make):
    """Whatever it is, reading it ends, and takes no more than a line's memory."""
    make(tmp_path / "odd")
    with pytest.raises((OSError, ValueError)):
        first_line(tmp_path / "odd", SOON_S)
    with pytest.raises((OSError, ValueError)):
        whole(tmp_path / "odd", LONGEST, SOON_S)


@pytest.mark.parametrize("make", WRONG)
@pytest.mark.parametrize("option", ["join", "bootstrap_key", "code_file"])
def test_a_setup_names_the_file_and_pauses(stage, monkeypatch, tmp_path, make, option):
    """No tenant is made without the invitation; the next command names the option again."""
    monkeypatch.setattr(enter, "KEY_WAIT_S", SOON_S)
    monkeypatch.setattr(code, "CODE_WAIT_S", SOON_S)
    odd = tmp_path / "odd"
    make(odd)
    given = {option: odd if option == "code_file" else str(odd)} | ({"code": None} if option == "code_file" else {})
    report = stage.walk(replace(QUICK, **given), Answering(terminal=False))
    assert (report.outcome, report.failure.code) == ("paused", SetupCode.NO_TERMINAL)
    assert f"{odd} holds no" in stage.said.getvalue()
    assert stage.gateway.effects["POST /v1/access/tenants"] == 0
    if option == "join" and not is_stream(odd):
        assert stage.gateway.effects["POST /v1/access/sign-ins"] == 0


def piped(text):
    """What a shell makes of `<(command)`: the path of a pipe that this process has open, and its other end."""
    reading, writing = os.pipe()

    def write():
        with os.fdopen(writing, "w") as file:
            file.write(text)

    threading.Thread(target=write).start()
    return reading, Path(f"/dev/fd/{reading}")


@pytest.mark.parametrize("option", ["join", "bootstrap_key", "code_file"])
def test_the_output_of_a_command_is_read_in_the_place_of_a_file(stage, option):
    """`--join <(command)`: the pipe is read once, when its line is needed."""
    text = f"{CODE}\n" if option == "code_file" else f"key      {BOOTSTRAP_KEY}\nkey id   btk_1\n"
    reading, path = piped(text)
    given = {option: path, "code": None} if option == "code_file" else {option: str(path)}
    report = stage.walk(replace(QUICK, **given), Answering(terminal=False))
    os.close(reading)
    assert report.outcome == "trust_only", stage.said.getvalue()
    waited = {(line.step, line.waiting_on) for line in stage.lines if line.phase == "waiting"}
    assert waited == {{"join": ("tenant", "user"), "bootstrap_key": ("enter", "user"), "code_file": ("code", "mail")}[option]}


def test_a_named_pipe_is_waited_for_until_somebody_writes(tmp_path):
    """And a writer that says nothing ends the wait once it is gone."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for text, line in (("12345678\nmore\n", "12345678"), ("", "")):
        writer = threading.Thread(target=pipe.write_text, args=(text,))
        writer.start()
        assert first_line(pipe, LONG_S) == line
        writer.join()


def test_what_is_waited_for_is_shown(stage, tmp_path):
    """With the path and the limit, to whoever may write into it."""
    pipe, stage.patience_s = tmp_path / "pipe", 0.0
    os.mkfifo(pipe)
    given = replace(QUICK, bootstrap_key=str(pipe))
    walking = threading.Thread(target=stage.walk, args=(given, Answering(terminal=False)))
    walking.start()
    assert eventually(lambda: f"waiting: a line with the bootstrap key from {pipe}, at most 60 s" in stage.said.getvalue())
    pipe.write_text(BOOTSTRAP_KEY + "\n")
    walking.join()
    assert stage.gateway.bootstrapped


@pytest.mark.parametrize("make", WRONG[:-1])
def test_the_file_of_a_key_is_read_with_the_same_care(tmp_path, make):
    """`gonogo mcp serve` has no key then, and says where it looked."""
    make(tmp_path / "odd")
    with pytest.raises(SetupProblem, match="neither in GONOGO_API_KEY nor in") as raised:
        read_key({}, tmp_path / "odd")
    assert raised.value.code is SetupCode.KEY_MISSING


def test_receipt_keys_may_come_from_a_command(stage, tmp_path):
    """`--trust <(command)`: what verifies receipts is another process, which has none of this one's pipes."""
    reading, path = piped('{"keys": []}')
    assert stage.walk(replace(QUICK, trust=path)).outcome == "trust_only"
    os.close(reading)
    assert (stage.trusted.read_text(), is_stream(stage.trusted)) == ('{"keys": []}', False)
    (tmp_path / "other.json").write_text("{}")
    stage.walk(replace(QUICK, trust=tmp_path / "other.json"), run="run_" + "1" * 32)
    assert stage.trusted == tmp_path / "other.json"
