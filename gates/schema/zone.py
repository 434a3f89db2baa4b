"""Which instant is a wall time in a zone? By the zone data of the `tzdata` package: every machine gets the same answer."""

import datetime as dt
import functools
import re
from importlib import import_module, resources
from zoneinfo import ZoneInfo

from gates.schema.errors import UsageProblem

_PACKAGE = "tzdata"
_MOMENT = re.compile(r"(?:19[7-9]|2[0-9]{2})[0-9]-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})?")
"""From 1970 to 2999: hours and days can be added to each of them."""


def zone_data() -> str:
    """What decides about local times: the package, and the release of the IANA time zone database in it."""
    return f"tzdata {import_module(_PACKAGE).IANA_VERSION}"


def zone_fault(name: str) -> str:
    """What is wrong with the name of a zone; "" for one of the IANA database."""
    return "" if name in _names() else f"{name!r} is no IANA time zone such as Europe/Berlin or UTC"


def load_zone(name: str) -> ZoneInfo:
    """The zone of a name without a fault; the system's own zone data is not read."""
    with resources.files(_PACKAGE).joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def read_instant(text: str, zone: ZoneInfo) -> dt.datetime:
    """The instant, in UTC, of a wall time in the zone (`2026-12-01T09:00`), or of a time with an offset or Z.

    Raises UsageProblem for any other text, and for a wall time that does not exist or exists twice, with what to write.
    """
    try:
        moment = dt.datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None:
        raise UsageProblem(f"{text!r} is not a time such as 2026-12-01T09:00, or 2026-12-01T09:00:00Z, from 1970 to 2999")
    if moment.tzinfo is not None:
        return moment.astimezone(dt.UTC)
    first, second = (moment.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC) for fold in (0, 1))
    if first == second:
        return first
    if first.astimezone(zone).replace(tzinfo=None) == moment:
        what = f"{text} exists twice in {zone.key}: the clocks are set back over it"
        raise UsageProblem(f"{what}; write {local_text(first, zone)}, or {local_text(second, zone)} for the second one")
    what = f"{text} does not exist in {zone.key}: the clocks are set forward over it"
    raise UsageProblem(f"{what}; write {local_text(second, zone)} or {local_text(first, zone)}")


def local_text(moment: dt.datetime, zone: ZoneInfo) -> str:
    """The wall time of an instant in a zone, with its offset: it names the same instant."""
    return moment.astimezone(zone).isoformat(timespec="seconds")


@functools.cache
def _names() -> frozenset[str]:
    return frozenset(resources.files(_PACKAGE).joinpath("zones").read_text(encoding="ascii").split())
