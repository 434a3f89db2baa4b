"""A plan carried out: locked, checked again, backed up, replaced at once; and taken back."""

import contextlib
import hashlib
import os
import stat
from collections.abc import Generator
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.hosts.edits import changed, digest
from gateway.setup.hosts.plan import LARGEST, Plan, removal_plan, require_only_ours
from gateway.setup.hosts.table import BY_ID
from gateway.setup.private import make_private_folder, sync_folder, write_private

_LOCK_WAIT_S = 5.0


def read_file(path: Path) -> bytes | None:
    """A host's file, a link followed; None where there is none.

    Raises SetupProblem(host_file_unreadable) for what is no regular file of at most 64 MiB that this user may read.
    """
    try:
        if path.is_symlink() and not path.exists():
            raise SetupProblem(SetupCode.HOST_FILE_UNREADABLE, f"{path} is a link to nothing")
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise SetupProblem(SetupCode.HOST_FILE_UNREADABLE, f"{path} is no regular file")
        if found.st_size > LARGEST:
            raise SetupProblem(
                SetupCode.HOST_FILE_UNREADABLE, f"{path} has {found.st_size} bytes; more than {LARGEST} are not read"
            )
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SetupProblem(SetupCode.HOST_FILE_UNREADABLE, f"{path}: {error.strerror}") from None


class Applied(msgspec.Struct, frozen=True):
    """What is kept of a plan that was carried out: enough to give the file its former bytes again."""

    plan: Plan
    backup: str | None


class HostFiles:
    """Changes hosts' files; what it needs to take a change back lies in `state`, for this user alone.

    Two of ours wait for each other. A host that writes at the same moment is noticed: the bytes are compared directly before the
    file is replaced.
    """

    def __init__(self, state: Path) -> None:
        self._state = state

    def apply(self, plan: Plan) -> None:
        """Carry a plan out; raises SetupProblem, and then nothing was changed."""
        with self._locked(plan.file):
            self._apply(plan)

    def undo(self, host: str, file: str, name: str) -> bool:
        """Take our entry out: the former bytes where nobody has changed the file since, else our entry alone.

        False where there is nothing to take out; raises SetupProblem, and then nothing was changed.
        """
        with self._locked(file):
            content = read_file(Path(file))
            if content is None:
                return False
            plan = removal_plan(BY_ID[host], file, name, content)
            if not plan.edits:
                return False
            applied = self._applied(file)
            if applied is None or applied.plan.after_sha256 != plan.before_sha256:
                self._apply(plan)
                return True
            former = None if applied.backup is None else Path(applied.backup).read_bytes()
            if former is not None and removal_plan(BY_ID[host], file, name, former).edits:  # our entry was only changed
                self._apply(plan)
                return True
            _replace(Path(file), former, content)
            self._record(file).unlink()
            return True

    def _apply(self, plan: Plan) -> None:
        path = Path(plan.file)
        content = read_file(path)
        if (None if content is None else digest(content)) != plan.before_sha256:
            raise SetupProblem(SetupCode.HOST_FILE_CHANGED, f"{path} is not the file that was planned for")
        after = changed(content or b"", plan.edits)
        if digest(after) != plan.after_sha256:
            raise SetupProblem(SetupCode.HOST_FILE_CHANGED, "the plan itself was changed: its edits do not give its result")
        require_only_ours(plan, content or b"", after)
        backup = None
        if content is not None:
            backup = self._record(plan.file).with_suffix(f".{plan.before_sha256}.backup")
            write_private(backup, content)
        write_private(self._record(plan.file), msgspec.json.encode(Applied(plan, None if backup is None else str(backup))))
        _replace(path, after, content)

    def _applied(self, file: str) -> Applied | None:
        try:
            return msgspec.json.decode(self._record(file).read_bytes(), type=Applied)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def _record(self, file: str) -> Path:
        return self._state / f"{hashlib.sha256(file.encode()).hexdigest()[:16]}.json"

    @contextlib.contextmanager
    def _locked(self, file: str) -> Generator[None, None, None]:
        try:
            make_private_folder(self._state)
        except OSError as error:  # perhaps about a folder above it
            detail = f"{error.filename or self._state}: {error.strerror}"
            raise SetupProblem(SetupCode.LOCAL_STATE_UNWRITABLE, detail) from None
        try:
            with FileLock(self._record(file).with_suffix(".lock"), timeout=_LOCK_WAIT_S):
                yield
        except Timeout:
            raise SetupProblem(SetupCode.HOST_FILE_LOCKED, f"{file} is being changed") from None
        except OSError as error:
            at = Path(error.filename or self._state)
            code = SetupCode.LOCAL_STATE_UNWRITABLE if at.is_relative_to(self._state) else SetupCode.HOST_FILE_UNREADABLE
            raise SetupProblem(code, f"{at}: {error.strerror}") from None


def _replace(path: Path, content: bytes | None, expected: bytes | None) -> None:
    """Give the file other bytes in one step, behind a link, its mode and owner kept; None removes it."""
    real = path.resolve()
    if content is None:
        _require_unchanged(path, expected)
        real.unlink()
        sync_folder(real.parent)
        return
    real.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = real.with_name(f"{real.name}.gonogo-{os.getpid()}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            if expected is not None:
                found = real.stat()
                with contextlib.suppress(PermissionError):  # another owner's file in a folder that this user may write
                    os.fchown(file.fileno(), found.st_uid, found.st_gid)
                os.fchmod(file.fileno(), stat.S_IMODE(found.st_mode))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _require_unchanged(path, expected)
        temporary.replace(real)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(real.parent)


def _require_unchanged(path: Path, expected: bytes | None) -> None:
    if read_file(path) != expected:
        raise SetupProblem(SetupCode.HOST_FILE_CHANGED, f"{path} was changed by somebody else just now")
