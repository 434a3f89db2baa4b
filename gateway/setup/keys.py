"""The files of API keys: which one the agent's key goes into, and whether what is there may be sent or replaced."""

from pathlib import Path

from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.local import ADMIN_SUFFIX
from gateway.setup.short_file import first_line
from gateway.setup.walk import Walk

FILE_VARIABLE = "GONOGO_KEY_FILE"


def key_file(walk: Walk) -> Path:
    """Where the agent's key is kept: --key-file, GONOGO_KEY_FILE, else where a setup with this gateway has saved it.

    At first that is the user's own file, which `gonogo mcp serve` reads.
    """
    return (_named(walk) or walk.local.agent_key_file(walk.wire.base_url)).absolute()


def admin_key_file(file: Path) -> Path:
    """Where the key of the tenant's administrator is kept, next to the agent's."""
    return file.with_name(f"{file.stem}{ADMIN_SUFFIX}")


def saved_key_file(walk: Walk) -> Path | None:
    """The file with a key that may be sent to this gateway: saved by a setup for it, or named by the user."""
    file = key_file(walk)
    if not file.exists():
        return None
    known = walk.local.gateway_of(file)
    return file if known == walk.wire.base_url or (known is None and _named(walk) is not None) else None


def admin_key(walk: Walk) -> str | None:
    """The administrator's key that a setup has saved for this gateway."""
    file = admin_key_file(key_file(walk))
    if walk.local.gateway_of(file) != walk.wire.base_url:
        return None
    try:
        return first_line(file) or None
    except (OSError, ValueError):
        return None


def require_free(walk: Walk, file: Path) -> None:
    """Raise SetupProblem(key_file_taken) where the file holds a key that is not this gateway's."""
    if (
        file.exists()
        and walk.local.gateway_of(file) != walk.wire.base_url
        and not (_named(walk) and "key" in walk.memory.refused)
    ):
        raise SetupProblem(SetupCode.KEY_FILE_TAKEN, f"{file.name} exists, and no setup with this gateway has written it")


def agent_name(walk: Walk) -> str:
    """The agent's name unless the user gives one: of this run alone, so that its lost key is found without doubt."""
    return f"agent-{walk.run[-8:]}"


def _named(walk: Walk) -> Path | None:
    named = walk.around.environ.get(FILE_VARIABLE)
    return walk.choices.key_file or (Path(named) if named else None)
