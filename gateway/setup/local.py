"""What a setup keeps on this machine: which run is the last one, its folder, a session, and the receipt keys of a gateway."""

import contextlib
import hashlib
from collections.abc import Generator, Mapping
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout
from platformdirs import user_data_path, user_state_path

from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.journal import NAME, unwritable
from gateway.setup.private import make_private_folder, write_private

VARIABLE = "GONOGO_SETUP_STATE"
VERSION = 1
ADMIN_SUFFIX = ".tenant-admin.key"


class Pointer(msgspec.Struct, frozen=True):
    """The last run and its gateway. `address` is the user's own, and `keys` names each file in which a setup saved a key.

    `keys` gives the gateway of each file: a key is never sent to another one.
    """

    version: int
    run: str
    base_url: str
    address: str | None = None
    keys: dict[str, str] = {}


class _Session(msgspec.Struct, frozen=True):
    base_url: str
    token: str


class LocalState:
    """The setup's folder. Its files are for this user alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextlib.contextmanager
    def locked(self) -> Generator[None, None, None]:
        """Keep every other setup out; raises SetupProblem(setup_running) where one is in.

        Raises SetupProblem(local_state_shared) for a folder that others may write to: nothing in it is believed.
        """
        try:
            make_private_folder(self.folder)
            lock = FileLock(self.folder / "lock", timeout=0, mode=0o600)
            lock.acquire()
        except Timeout:
            raise SetupProblem(SetupCode.SETUP_RUNNING, "it holds the lock of the setup's folder") from None
        except OSError as error:
            raise unwritable(self.folder, error) from None
        try:
            yield
        finally:
            lock.release()

    def pointer(self) -> Pointer | None:
        """The last run; None before the first. Raises SetupProblem(state_newer) for what a newer release has written."""
        path = self.folder / "state.json"
        try:
            pointer = msgspec.json.decode(path.read_bytes(), type=Pointer)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unwritable(path, error) from None
        except (msgspec.DecodeError, RecursionError):
            pointer = Pointer(self._written_version(path), "", "")
        if pointer.version != VERSION:
            raise SetupProblem(SetupCode.STATE_NEWER, f"its version is {pointer.version}, and this release knows {VERSION}")
        return pointer

    def _written_version(self, path: Path) -> int:
        """The version of a state that this release cannot read otherwise."""
        try:
            version = msgspec.json.decode(path.read_bytes(), type=dict[str, object]).get("version")
        except (msgspec.DecodeError, RecursionError):
            version = None
        if isinstance(version, int) and version > VERSION:
            return version
        raise SetupProblem(SetupCode.JOURNAL_BROKEN, "state.json cannot be read; move it away to begin again")

    def point(self, pointer: Pointer) -> None:
        """Remember the last run."""
        self._write(self.folder / "state.json", msgspec.json.encode(pointer))

    def run_folder(self, run: str) -> Path:
        """Where a run's journal, report and receipt are."""
        return self.folder / "runs" / run

    def journal_file(self, run: str) -> Path:
        """A run's journal."""
        return self.run_folder(run) / NAME

    def keep(self, run: str, name: str, content: bytes) -> Path:
        """Write a file into a run's folder; returns its path."""
        path = self.run_folder(run) / name
        self._write(path, content)
        return path

    def session(self, base_url: str) -> str | None:
        """The session that was saved for this gateway."""
        try:
            saved = msgspec.json.decode((self.folder / "session").read_bytes(), type=_Session)
        except (OSError, msgspec.DecodeError, RecursionError):
            return None
        return saved.token if saved.base_url == base_url else None

    def save_session(self, base_url: str, token: str) -> None:
        """Save a session, for a setup that is interrupted; a gateway ends it within 12 hours."""
        self._write(self.folder / "session", msgspec.json.encode(_Session(base_url, token)))

    def drop_session(self) -> None:
        """Forget the session."""
        with contextlib.suppress(OSError):
            (self.folder / "session").unlink()

    def pinned_keys(self, base_url: str) -> Path:
        """The receipt keys that this gateway showed at first contact."""
        return self.folder / "keys" / f"{hashlib.sha256(base_url.encode()).hexdigest()[:16]}.json"

    def pin_keys(self, base_url: str, keys: bytes) -> None:
        """Keep the keys of the first contact; later ones never replace them."""
        path = self.pinned_keys(base_url)
        if not path.exists():
            self._write(path, keys)

    def begin(self, run: str, base_url: str) -> None:
        """Make this run the last one."""
        former = self.pointer()
        keys = former.keys if former else {}
        address = former.address if former and former.base_url == base_url else None
        self.point(Pointer(VERSION, run, base_url, address, keys))

    def address(self, base_url: str) -> str | None:
        """The address with which the user signed in here before."""
        pointer = self.pointer()
        return pointer.address if pointer is not None and pointer.base_url == base_url else None

    def save_address(self, address: str) -> None:
        """Remember the user's own address, on this machine alone."""
        pointer = self.pointer()
        if pointer is not None and pointer.address != address:
            self.point(msgspec.structs.replace(pointer, address=address))

    def gateway_of(self, file: Path) -> str | None:
        """The gateway whose key a setup has saved in this file."""
        pointer = self.pointer()
        return None if pointer is None else pointer.keys.get(str(file))

    def agent_key_file(self, base_url: str) -> Path:
        """The user's own key file, unless the setups with this gateway have saved the agent's key in another one alone."""
        pointer, own = self.pointer(), default_key_file().absolute()
        keys = pointer.keys if pointer is not None else {}
        saved = [file for file, gateway in keys.items() if gateway == base_url and not file.endswith(ADMIN_SUFFIX)]
        return own if not saved or str(own) in saved else Path(saved[-1])

    def save_key(self, file: Path, key: str, base_url: str) -> None:
        """Save an API key, for its owner alone, and remember whose it is."""
        pointer = self.pointer()
        assert pointer is not None, "a run has begun"
        self.point(msgspec.structs.replace(pointer, keys={**pointer.keys, str(file): base_url}))
        self._write(file, key.encode() + b"\n")

    def _write(self, path: Path, content: bytes) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(path, content)
        except OSError as error:
            raise SetupProblem(SetupCode.LOCAL_STATE_UNWRITABLE, f"{error.filename or path}: {error.strerror}") from None


def local_state(environ: Mapping[str, str]) -> LocalState:
    """The folder that GONOGO_SETUP_STATE names, else the user's own."""
    named = environ.get(VARIABLE)
    return LocalState(Path(named).absolute() if named else user_state_path("gonogo") / "setup")


def default_key_file() -> Path:
    """The user's own key file, which `gonogo mcp serve` reads."""
    return user_data_path("gonogo") / "api.key"
