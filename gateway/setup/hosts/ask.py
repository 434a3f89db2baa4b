"""Does the host see our server? Its own command is run, and its output read."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from gateway.setup.hosts.table import Host

_ASK_S = 60.0
_TRIES = 3
_VERSION_S = 30.0
_VERSION = re.compile(r"(?<![0-9.])[0-9]+\.[0-9]+\.[0-9]+(?![0-9])")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Seen(StrEnum):
    """What the host shows."""

    SEEN = "seen"
    NOT_SEEN = "not_seen"
    NOT_CHECKABLE = "not_checkable"


class _Place(msgspec.Struct, frozen=True):
    """Where a host's command runs, and with which variables."""

    environ: Mapping[str, str]
    folder: Path | None


def ask(
    host: Host,
    name: str,
    timeout_s: float = _ASK_S,
    *,
    tries: int = _TRIES,
    environ: Mapping[str, str] = os.environ,
    folder: Path | None = None,
) -> tuple[Seen, str]:
    """What the host's own list has about the server of that name, and why in words.

    Its exit code is not believed: one host ends with 0 also where a server is dead. A host gives a server a few seconds to
    start, so one that is not connected is tried again before it counts as not seen. It runs in `folder`, or else here.
    """
    place = _Place(environ, folder)
    for _ in range(tries - 1):
        seen, why = _ask_once(host, name, timeout_s, place)
        if seen is not Seen.NOT_SEEN:
            return seen, why
    return _ask_once(host, name, timeout_s, place)


def version_of(
    host: Host, environ: Mapping[str, str] = os.environ, folder: Path | None = None, timeout_s: float = _VERSION_S
) -> str | None:
    """The version that the host's own command prints; None where there is no such command, or it prints none in time."""
    if host.asking is None:
        return None
    argv = (host.asking.argv[0], "--version")
    printed, _ = _run(argv, host.asking.environ, timeout_s, _Place(environ, folder))
    found = _VERSION.search(printed)
    return found[0] if found else None


def _ask_once(host: Host, name: str, timeout_s: float, place: _Place) -> tuple[Seen, str]:
    if host.asking is None:
        return Seen.NOT_CHECKABLE, f"{host.title} has no command that lists its servers"
    command = " ".join(host.asking.argv)
    printed, problem = _run(host.asking.argv, host.asking.environ, timeout_s, place)
    if problem:
        return Seen.NOT_CHECKABLE, problem
    lines = [line.strip() for line in printed.splitlines() if name in line.split(":")[0].split()]
    if not lines:
        return Seen.NOT_SEEN, f"`{command}` does not list {name}"
    if host.asking.connected is not None and not any(_says(line, host.asking.connected) for line in lines):
        return Seen.NOT_SEEN, f"`{command}` lists {name}, not connected"
    return Seen.SEEN, f"`{command}` lists {name}" + (", connected" if host.asking.connected else "")


def _run(argv: tuple[str, ...], more: dict[str, str], timeout_s: float, place: _Place) -> tuple[str, str]:
    """What the command printed, and why it could not be run."""
    program = shutil.which(argv[0], path=place.environ.get("PATH"))
    if program is None:
        return "", f"{argv[0]} is not on PATH"
    try:
        done = subprocess.run(
            [program, *argv[1:]],
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            env={**place.environ, **more},
            cwd=place.folder,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        return "", f"`{' '.join(argv)}` did not end within {timeout_s:g} s"
    except OSError as error:
        return "", f"`{' '.join(argv)}` cannot be started: {error.strerror}"
    return _COLOUR.sub("", done.stdout + done.stderr), ""


def _says(line: str, word: str) -> bool:
    words = re.findall(r"[A-Za-z]+", line)
    return word in words and "not" not in [item.lower() for item in words]
