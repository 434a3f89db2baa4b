"""Which gates judge a target for which none are named? The launch plan's for the reference gateway, else the service gates."""

from pathlib import Path

CATALOGS = Path(__file__).parents[1] / "catalog"
LAUNCH_PLAN, SERVICE = "launch-plan", "service"
NAMES = (LAUNCH_PLAN, SERVICE)
_REFERENCE = "local"


def catalog(name: str) -> Path:
    """The folder of a shipped catalog; its name is one of NAMES."""
    assert name in NAMES, "the caller has checked the name"
    return CATALOGS / name


def rules_path(given: Path | None, target: str = _REFERENCE) -> Path:
    """The gate files to judge by: at the path that is given, of the shipped catalog of that name, or of the target's own catalog.

    `target` is the name or path of a target on the command line. A path that exists comes before a catalog of its name. A path
    that is neither is returned as it is: who loads it reports that it is not there.
    """
    if given is None:
        return catalog(LAUNCH_PLAN if target == _REFERENCE else SERVICE)
    return catalog(str(given)) if str(given) in NAMES and not given.exists() else given
