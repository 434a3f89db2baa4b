"""Where gonogo keeps its state: `.gonogo/` in the working folder, or GONOGO_HOME; and of which version it is."""

import os
from pathlib import Path

import msgspec

from gates.schema.durable import sync_folder, write_durably
from gates.schema.errors import UnverifiedProblem, UsageProblem
from gates.schema.output import show
from gates.schema.printable import printable
from gates.schema.special import refuse_special
from gates.schema.time import REHEARSAL_CLOCK

FILE = "state.json"
VERSION = 2
KEY_FILE = "keys/evidence-signing.key"
TRUST_FILE = "keys/evidence-trust.json"
SIGNERS_FILE = "signers.json"
PIN_FILE = "signers.pin"
_READ = (
    FILE,
    SIGNERS_FILE,
    PIN_FILE,
    KEY_FILE,
    TRUST_FILE,
    "evidence/log.jsonl",
    "evidence/log.pending",
)
NEW = "the new state folder: keys, evidence and its log, reviews. Keep it: it holds the streak, and GONOGO_HOME names another"
_VERSION_1 = ("evidence/objects", "history.db", KEY_FILE)


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a state folder is: the version of its layout, and whether it is for rehearsals only."""

    version: int
    rehearsal: bool


def state_dir() -> Path:
    """The state folder, which need not exist: whoever only reads makes none."""
    return Path(os.environ.get("GONOGO_HOME") or ".gonogo").absolute()


def made_state_dir() -> Path:
    """The state folder, made if absent with access for its owner only; raises UnverifiedProblem for one of version 1."""
    folder = state_dir()
    state = read_state(folder)
    refuse_clock(folder, state)
    if state is None:
        make_state(folder)
        show(f"{folder}: {NEW}", err=True)
    return folder


def known_state_dir() -> Path:
    """The state folder for reading: it need not exist; raises UnverifiedProblem for one of version 1."""
    folder = state_dir()
    refuse_clock(folder, read_state(folder))
    return folder


def refuse_clock(folder: Path, state: State | None) -> None:
    """Raise UsageProblem where a rehearsal's clock is set for a state folder that is no rehearsal's: it would judge by it."""
    if os.environ.get(REHEARSAL_CLOCK) and not (state is not None and state.rehearsal):
        raise UsageProblem(
            f"{REHEARSAL_CLOCK} is set, and {folder} is no rehearsal: nothing is dated by a stepped clock outside one",
            next_step=f"unset {REHEARSAL_CLOCK}, or make a rehearsal: GONOGO_HOME=FOLDER gonogo state init --rehearsal",
        )


def make_state(folder: Path, *, rehearsal: bool = False) -> State:
    """Make a state folder, if it is none yet; returns what it is, which may be what another process made at the same time."""
    found = read_state(folder)
    return write_state(folder, rehearsal=rehearsal) if found is None else found


def write_state(folder: Path, *, rehearsal: bool = False) -> State:
    """Write state.json where there is none, whatever else the folder holds; returns what it holds then."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f".{FILE}.{os.getpid()}"
    write_durably(draft, msgspec.json.encode(State(VERSION, rehearsal), order="sorted") + b"\n")
    try:
        os.link(draft, folder / FILE)  # fails where another process was first
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        draft.replace(folder / FILE)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(folder)
    made = read_state(folder)
    assert made is not None, "the file was just linked"
    return made


def read_state(folder: Path) -> State | None:
    """What a state folder is; None for one that is empty or absent.

    Raises UnverifiedProblem for a folder of version 1, UsageProblem for a file that cannot be read, a pipe in the place of a
    file, or a later version.
    """
    path = folder / FILE
    refuse_special(folder / name for name in _READ)
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if old := version_1_parts(folder):
            raise UnverifiedProblem(
                f"{folder}: a state folder of version 1: it has {', '.join(old)} and no {FILE}",
                next_step="`gonogo state migrate` takes it over, and removes nothing",
            ) from None
        return None
    try:
        state = msgspec.json.decode(data, type=State)
    except (msgspec.MsgspecError, ValueError) as error:
        hint = 'restore the file from a backup; it holds `{"rehearsal":false,"version":2}`'
        raise UsageProblem(f"{path}: {printable(str(error))}", next_step=hint) from None
    if state.version != VERSION:
        raise UsageProblem(
            f"{path}: version {state.version}; this release reads version {VERSION}",
            next_step="use the release that made the folder",
        )
    return state


def version_1_parts(folder: Path) -> list[str]:
    """What a folder without state.json has of version 1."""
    return [name for name in _VERSION_1 if (folder / name).is_file() or any((folder / name).glob("*/*.intoto.json"))]


def is_rehearsal(folder: Path) -> bool:
    """Whether this is a state folder for rehearsals."""
    state = read_state(folder)
    return state is not None and state.rehearsal
