"""What a service needs that is run here for practice: a database with tenants in it, and a rail that it finds."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from gates.schema.errors import UnknownProblem
from gates.schema.target import Process, command_line
from gates.schema.target_checks import BASE_URL
from gates.schema.time import monotonic_s

RAIL_URL, RAIL_SECRET = "GONOGO_RAIL_URL", "GONOGO_RAIL_SECRET"  # names of variables
_OURS = frozenset({BASE_URL, RAIL_URL, RAIL_SECRET, "GONOGO_HOME", "GONOGO_DRILL_RUN"})
_SEED_TIMEOUT_S = 60
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class _Ready(msgspec.Struct):
    event: str
    url: str


def rail_argv(process: Process, book: Path) -> list[str]:
    """The command that runs the rail of a target's process, with its own book in that file."""
    return command_line(process.rail, {"rail_book": str(book)})


def shared_secret() -> dict[str, str]:
    """The variable with which a rail signs its webhooks and a service checks them: new each time, worth nothing elsewhere."""
    return {RAIL_SECRET: sha256(f"{os.getpid()}/{monotonic_s()!r}".encode()).hexdigest()}


def ready_url(stdout: bytes) -> str | None:
    """The URL in the line that says {"event":"ready","url":...}, None where there is none yet."""
    for line in stdout.splitlines():
        try:
            ready = msgspec.json.decode(line, type=_Ready)
        except msgspec.MsgspecError:
            continue
        if ready.event == "ready":
            return ready.url
    return None


def seed_tenant(
    command: Sequence[str], db: Path, environ: Mapping[str, str], *, prefix: str = "GONOGO_", cwd: Path | None = None
) -> dict[str, str]:
    """Make a tenant in the database with a target's seed command; its ids and keys as variables GONOGO_*.

    Empty where the target has no such command. Raises UnknownProblem where it fails, prints no JSON object, or names a variable
    that gonogo sets itself, such as the service's address.
    """
    if not command:
        return {}
    argv = command_line(command, {"db": str(db)})
    return _variables(argv, prefix, env=dict(environ), cwd=cwd, stderr=subprocess.PIPE, timeout=_SEED_TIMEOUT_S)


def seed_two_tenants(process: Process, db: Path, environ: Mapping[str, str], *, cwd: Path | None = None) -> dict[str, str]:
    """The same for two tenants; the second one's variables are GONOGO_OTHER_*."""
    first, second = (seed_tenant(process.seed, db, environ, prefix=name, cwd=cwd) for name in ("GONOGO_", "GONOGO_OTHER_"))
    return {**first, **second}


def seed_payments(command: Sequence[str], db: Path, environ: Mapping[str, str], count: int) -> dict[str, str]:
    """Make a tenant with so many settled payments by a target's bulk command, whose progress is shown as it comes."""
    return _variables(command_line(command, {"db": str(db), "count": str(count)}), "GONOGO_", env=dict(environ))


def _variables(argv: list[str], prefix: str, **options: Any) -> dict[str, str]:  # noqa: ANN401  # those of subprocess.run
    """Run a seed command; each member NAME of the JSON object that it prints becomes the variable PREFIX_NAME."""
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, check=True, **options)
        members = msgspec.json.decode(done.stdout, type=dict[str, str | list[str]])
    except subprocess.CalledProcessError as error:
        last = (error.stderr or b"").decode(errors="replace")[-400:]
        raise UnknownProblem(f"the seed command failed (exit {error.returncode}): {last}") from None
    except (OSError, subprocess.TimeoutExpired, msgspec.MsgspecError) as error:
        raise UnknownProblem(f"the seed command {argv[0]!r} did not print one JSON object: {error}") from None
    for name, value in members.items():
        if not _NAME.fullmatch(name) or "\0" in "".join(value):
            hint = "a name has letters, digits and underscores; a value has no NUL"
            raise UnknownProblem(f"the seed command printed {name!r}, which cannot be a variable", next_step=hint)
        if prefix + name.upper() in _OURS:  # with another address the load would go to another service
            hint = f"leave it out: gonogo sets {prefix + name.upper()} itself"
            raise UnknownProblem(f"the seed command printed {name!r}, which is not its to set", next_step=hint)
    return {prefix + name.upper(): value if isinstance(value, str) else ",".join(value) for name, value in members.items()}
