"""What do the commands use in this folder? Its `gonogo.yaml` names target, profile, gates and so on: no option is needed."""

from pathlib import Path

import msgspec

from gates.schema.documents import load_document

PROJECT_FILE = "gonogo.yaml"


class Project(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What options name otherwise: shipped names, or paths from the folder of the file.

    An option on the command line comes first, each one alone.
    """

    target: str = "local"
    profile: str = "smoke"
    gates: str | None = None
    waivers: str | None = None
    roster: str | None = None
    freeze: str | None = None
    changes: str | None = None


def load_project(folder: Path) -> Project:
    """The project of a folder; the usual values where it has no gonogo.yaml.

    Raises UsageProblem naming the file and everything that is wrong in it.
    """
    path = folder / PROJECT_FILE
    return load_document(path, "Project", Project).spec if path.exists() else Project()
