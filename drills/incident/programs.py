"""Which programs does a rehearsal need, and how are they installed? Prometheus and Alertmanager are real ones."""

import shutil

from gates.schema.errors import UnknownProblem

PROMETHEUS = ("prometheus",)
ALERTMANAGER = ("prometheus-alertmanager", "alertmanager")
"""Names of the program, best first: Debian's, then that of the project's own archives."""

INSTALL = "apt-get install prometheus prometheus-alertmanager"


def find_program(names: tuple[str, ...]) -> str | None:
    """The path of the first of these programs that is installed."""
    return next((path for path in map(shutil.which, names) if path is not None), None)


def missing() -> list[str]:
    """The programs that are not installed; empty where a rehearsal can be run."""
    return [names[0] for names in (PROMETHEUS, ALERTMANAGER) if find_program(names) is None]


def require_programs() -> tuple[str, str]:
    """The paths of Prometheus and Alertmanager; raises UnknownProblem naming those that are missing, and how to get them."""
    lacks = missing()
    if lacks:
        verb = "is" if len(lacks) == 1 else "are"
        raise UnknownProblem(f"{' and '.join(lacks)} {verb} not installed", next_step=INSTALL)
    prometheus, alertmanager = find_program(PROMETHEUS), find_program(ALERTMANAGER)
    assert prometheus is not None, "none is missing"
    assert alertmanager is not None, "none is missing"
    return prometheus, alertmanager
