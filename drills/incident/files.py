"""Where everything of a rehearsal is in the drill's folder: what its measures are computed from, and what they are."""

from pathlib import Path

import msgspec

from drills.incident.asking import LoadedAlert, Series
from drills.incident.pages import FILE as PAGES
from gates.schema.durable import write_durably
from gates.schema.errors import UsageProblem
from gates.schema.paging import ACKNOWLEDGED

ROSTER, RULES = "roster.yaml", "rules"
SEEN = "seen.json"
_PREFIX = "watch-"


class Seen(msgspec.Struct, frozen=True):
    """SEEN of one monitoring: the raw samples of each selector, and the alerts that it had loaded, read at the end."""

    series: dict[str, tuple[Series, ...]]
    alerts: tuple[LoadedAlert, ...]


def watch_folder(out: Path, name: str) -> Path:
    """The folder of the monitoring of this name."""
    return out / f"{_PREFIX}{name}"


def watch_names(out: Path) -> tuple[str, ...]:
    """The monitorings that the folder has, by name."""
    return tuple(sorted(path.name.removeprefix(_PREFIX) for path in out.glob(f"{_PREFIX}*") if path.is_dir()))


def incident_files(out: Path) -> dict[str, str]:
    """The files that the measures come from: their paths in the drill's folder, which are also what a report calls them."""
    found = [ROSTER, ACKNOWLEDGED]
    for name in watch_names(out):
        folder = watch_folder(out, name)
        wanted = [folder / path for path in (PAGES, SEEN, "prometheus.yml", "alertmanager.yml")]
        found += [str(path.relative_to(out)) for path in (*wanted, *sorted((folder / RULES).glob("*.yaml")))]
    return dict(zip(found, found, strict=True))


def write_seen(folder: Path, seen: Seen) -> None:
    """Write SEEN, in the order in which it was read."""
    write_durably(folder / SEEN, msgspec.json.encode(seen, order="sorted") + b"\n")


def read_seen(folder: Path) -> Seen:
    """Read SEEN; raises UsageProblem if it is missing or malformed."""
    path = folder / SEEN
    try:
        return msgspec.json.decode(path.read_bytes(), type=Seen)
    except FileNotFoundError:
        raise UsageProblem(f"{path}: no such file") from None
    except msgspec.MsgspecError as error:
        raise UsageProblem(f"{path}: cannot be read: {error}") from None
