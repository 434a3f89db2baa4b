"""The page `Test your own service in ten minutes`, followed word for word in an empty folder."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import house_tree
import msgspec
import pytest
import small_payments

PAGE = Path("runbooks/your-own-service.md")
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_END = "== end of block =="
FAILS = re.compile(r"# exit code ([0-9]+)")
_LIMIT_S = 500  # about two minutes on two cores; a loop of the page that never ends is ended here


class Followed(msgspec.Struct, frozen=True):
    """What each block printed, by its text, the exit codes of the commands that failed, and all of it for a message."""

    printed: dict[str, str]
    failed: tuple[int, ...]
    everything: str

    def of(self, command: str) -> str:
        """What the block with this command printed."""
        return next(text for block, text in self.printed.items() if f"\n{command}" in f"\n{block}")


def _blocks() -> list[str]:
    return BLOCK.findall(house_tree.text(PAGE))


def _script() -> str:
    """The blocks as one script, with ports that are free here; the exit code of each command that fails is noted."""
    text = "trap 'echo $? >> failed.txt' ERR\n" + "".join(f"{block}echo '{_END}'\n" for block in _blocks())
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        for server, written in ((one, "9000"), (other, "9090")):
            assert f"127.0.0.1:{written}" in text
            text = re.sub(rf"(127\.0\.0\.1:|--port ){written}\b", rf"\g<1>{server.getsockname()[1]}", text)
    return text


def _program(folder: Path, name: str, *argv: str) -> None:
    """A program of this tree's own Python on the path."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f'#!/bin/sh\nexec {" ".join(argv)} "$@"\n')
    (folder / name).chmod(0o755)


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Followed]:
    """The page, followed; whatever it started is ended."""
    shop, programs = tmp_path / "shop", tmp_path / "bin"
    shop.mkdir()
    shutil.copy(small_payments.__file__, shop / "payments.py")
    _program(programs, "python3", sys.executable)
    _program(programs, "gonogo", sys.executable, "-P", "-m", "scorecards")
    env = {name: value for name, value in os.environ.items() if not name.startswith("GONOGO_")}
    env |= {"PATH": f"{programs}{os.pathsep}{env['PATH']}", "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(tmp_path)}
    out = tmp_path / "out.txt"
    with out.open("wb") as file:
        shell = subprocess.Popen(
            ["bash", "-c", _script()], cwd=shop, env=env, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        with suppress(subprocess.TimeoutExpired):
            shell.wait(_LIMIT_S)
        text, noted = out.read_text(), shop / "failed.txt"
        parts = text.split(f"{_END}\n")
        assert len(parts) == len(_blocks()) + 1, f"the page was not followed to its end:\n{text}"
        codes = noted.read_text().split() if noted.exists() else []
        yield Followed(dict(zip(_blocks(), parts, strict=False)), tuple(map(int, codes)), text)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)


@pytest.mark.process
@pytest.mark.usefixtures("prometheus", "curl")
def test_the_page_leads_from_an_empty_folder_to_ones_own_go(followed: Followed) -> None:
    """The race is found with its witness; fixed, with the real Prometheus, JUnit and k6, it is a GO that `--deep` verifies."""
    stated = tuple(int(code) for block in _blocks() for code in FAILS.findall(block))
    assert (followed.failed, stated) == ((1, 3), (1, 3)), followed.everything
    assert ": understood\n" in followed.of("gonogo load probe")
    first = followed.of("gonogo review --steps storm ")
    assert "NO GO: gate no-double-settle" in first
    assert re.search(r"> pi_[0-9]+: one settle was requested under one key, and [0-9]+ are in the list", first), first
    second = followed.of("gonogo review --steps storm,fail-closed")
    assert "GO: all 4 P0 gates and 4 of 4 P1 gates pass." in second.splitlines(), second
    collected = followed.of("gonogo evidence collect")
    for answer in (
        r"junit: junit\.xml\n  0 count of 2;",
        r"prometheus: 1 - .*\n  1 ratio of [0-9]{4,};",
        r"k6: k6\.json, .*\n  0 ratio of 1200;",
    ):
        assert re.search(answer, collected), collected
    assert second.splitlines()[-1] == "verified", second
