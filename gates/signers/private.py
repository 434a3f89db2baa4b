"""Private keys of people and machines: in the user's own data folder, never in a repository or in the state folder."""

import os
import stat
from collections.abc import Collection
from itertools import count
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from platformdirs import user_data_path

from gates.evidence.dsse import Signer
from gates.schema.durable import write_new
from gates.schema.errors import RefusedProblem, UsageProblem
from gates.schema.state import state_dir

ENVIRONMENT = "GONOGO_KEYS"
SUFFIX = ".key"
_HINT = f"name another folder with {ENVIRONMENT}"


def keys_dir() -> Path:
    """The folder of private keys, which need not exist: `gonogo/keys` in the user's data folder, or GONOGO_KEYS.

    Raises UsageProblem for one in the state folder, which is copied, or in a repository, where it would be committed.
    """
    given = os.environ.get(ENVIRONMENT)
    folder = (Path(given) if given else user_data_path("gonogo", appauthor=False) / "keys").absolute().resolve()
    if folder.is_relative_to(state_dir().resolve()):
        raise UsageProblem(f"{folder}: private keys do not belong into the state folder", next_step=_HINT)
    repository = next((place for place in (folder, *folder.parents) if (place / ".git").exists()), None)
    if repository is not None:
        raise UsageProblem(f"{folder}: private keys do not belong into a repository, {repository}", next_step=_HINT)
    return folder


def keep_key(name: str, key: Ed25519PrivateKey) -> Path:
    """Write a private key to NAME.key, or to NAME-2.key and so on where there is one already; never over another key."""
    folder = keys_dir()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in count(1):
        path = folder / (f"{name}{SUFFIX}" if number == 1 else f"{name}-{number}{SUFFIX}")
        try:
            write_new(path, key.private_bytes_raw())
        except FileExistsError:
            continue
        return path
    raise AssertionError("count() does not end")


def find_signer(keyids: Collection[str]) -> Signer | None:
    """The first private key here whose public key is one of these; None if there is none."""
    folder = keys_dir()
    if not folder.is_dir():
        return None
    here = (read_key(path) for path in sorted(folder.glob(f"*{SUFFIX}")))
    return next((signer for signer in here if signer.keyid in keyids), None)


def require_signer(keyids: Collection[str], name: str) -> Signer:
    """The same; raises RefusedProblem naming whose key is missing and where it was looked for."""
    signer = find_signer(keyids)
    if signer is None:
        raise RefusedProblem(
            f"{keys_dir()}: holds no private key of {name} that is in use",
            next_step=f"sign on the machine that holds it, or {_HINT}; a lost key: runbooks/signers.md",
        )
    return signer


def read_key(path: Path) -> Signer:
    """The signer in a key file; raises UsageProblem for one that others can read, or that is not 32 bytes."""
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageProblem(f"{path}: others can read this private key", next_step=f"chmod 600 {path}")
    raw = path.read_bytes()
    if len(raw) != 32:
        raise UsageProblem(f"{path}: not a 32 byte Ed25519 key", next_step="move it away; runbooks/signers.md: a lost key")
    return Signer(Ed25519PrivateKey.from_private_bytes(raw))
