"""Where facts about setups are read: the machine from the gateway's command, the funnel from the service, journals from files."""

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from gates.probes.client import NotRun, ServiceProblem, TargetClient
from gates.probes.onboarding.funnel import NoFunnel, read_funnel
from gates.probes.onboarding.hosts import looked_at
from gates.probes.onboarding.life import Life
from gates.schema.errors import UsageProblem
from gates.schema.printable import printable
from gates.schema.rooms import room_argv

_LIMIT_S = 60
_HOSTS_LIMIT_S = 3600
_MOST_PAGES = 10_000
_LARGEST = 16 * 1024 * 1024
_MOST_JOURNALS = 10_000


def exported_life() -> str:
    """The machine of a setup as `gonogo gateway machines onboarding` exports it; raises ServiceProblem where it does not."""
    argv = room_argv("gateway", "machines", "onboarding", "--format", "json")
    try:
        done = subprocess.run(argv, capture_output=True, timeout=_LIMIT_S, check=False)
        life_of(done.stdout)
    except (subprocess.TimeoutExpired, msgspec.MsgspecError, ValueError) as error:
        raise ServiceProblem(f"gonogo gateway machines onboarding: {printable(str(error))}") from None
    return done.stdout.decode()


def run_hosts() -> str:
    """What running the hosts showed, as `gonogo host matrix --run` prints it; raises ServiceProblem where it does not."""
    argv = room_argv("scorecards", "host", "matrix", "--run", "--format", "json")
    try:
        done = subprocess.run(argv, capture_output=True, timeout=_HOSTS_LIMIT_S, check=False)
        looked_at(done.stdout.decode())
    except (subprocess.TimeoutExpired, msgspec.MsgspecError, ValueError) as error:
        raise ServiceProblem(f"gonogo host matrix: {printable(str(error))}", next_step="pip install 'gonogo[setup]'") from None
    return done.stdout.decode()


def life_of(data: bytes | str) -> Life:
    """The machine in a document; raises msgspec.MsgspecError for anything else."""
    return msgspec.json.decode(data, type=Life)


def served_funnel(client: TargetClient) -> str:
    """Every event of the service's funnel, as it answers; raises NotRun or ServiceProblem."""
    operation = client.target.audit.funnel
    if operation is None:
        raise NotRun(
            f"the target {client.name} has no `audit.funnel`",
            next_step="add spec.audit.funnel to the target file: the request that answers the funnel's events as NDJSON",
        )
    text, after = "", 0
    for _ in range(_MOST_PAGES):
        answer = client.perform(operation, {"after": str(after)})
        if answer.status not in operation.success:
            raise ServiceProblem(f"GET {operation.path}: status {answer.status} {answer.code or ''}".rstrip())
        lines = _lines(answer.body, f"GET {operation.path}")
        following = max(lines, default=after)
        text += answer.body.decode()
        if not lines or following <= after:
            return text
        after = following
    raise ServiceProblem(f"GET {operation.path}: more than {_MOST_PAGES} pages")


def _lines(body: bytes, origin: str) -> list[int]:
    try:
        return [line.seq for line in read_funnel(body)]
    except NoFunnel as error:
        raise ServiceProblem(f"{origin}: {error}") from None


def saved_funnel(path: Path) -> str:
    """The events of a file; raises UsageProblem naming it and the line."""
    try:
        data = path.read_bytes()
        read_funnel(data)
        return data.decode()
    except OSError as error:
        raise UsageProblem(
            f"{path}: {error.strerror}", next_step="name a file with the funnel's events, one JSON object a line"
        ) from None
    except (NoFunnel, UnicodeDecodeError) as error:
        raise UsageProblem(f"{path}: {error}") from None


def journal_files(paths: Sequence[Path]) -> list[tuple[str, Path]]:
    """The journals in these folders, and these files, each with a name that holds no path of this machine.

    Raises NotRun where there is none, UsageProblem for a path that is not there.
    """
    found: list[tuple[str, Path]] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(one for one in path.rglob("journal.jsonl") if one.is_file())
            found += [(one.relative_to(path).as_posix(), one) for one in inside]
        elif path.is_file():
            found.append((path.name, path))
        else:
            raise UsageProblem(f"{path}: no such file or folder", next_step="name the folder that holds the journals of setups")
    if not found:
        raise NotRun("no journal of a setup was named", next_step="gonogo gate probe setup-journal FOLDER --out DIR")
    if len(found) > _MOST_JOURNALS:
        raise UsageProblem(f"{len(found)} journals: at most {_MOST_JOURNALS} are read at once")
    return found


def read_files(files: Iterable[tuple[str, Path]]) -> tuple[list[tuple[str, bytes]], list[tuple[str, str]]]:
    """The journals that are text, and those that cannot be kept as one, each with the reason."""
    texts, unread = [], []
    for name, path in files:
        try:
            if path.stat().st_size > _LARGEST:
                unread.append((name, f"larger than {_LARGEST} bytes"))
                continue
            data = path.read_bytes()
            data[: data.rfind(b"\n") + 1].decode()
        except OSError as error:
            unread.append((name, error.strerror or "cannot be read"))
        except UnicodeDecodeError:
            unread.append((name, "broken: it is not text in UTF-8"))
        else:
            texts.append((name, data))
    return texts, unread
