"""Which alert reaches whom? A roster as the configuration of an Alertmanager: a receiver a person, routes by severity. Pure."""

from collections.abc import Iterator, Mapping

import msgspec

from gates.schema.canonical import Json, canonical_yaml
from gates.schema.roster import Roster, Shift
from gates.schema.severity import ALERT_SEVERITIES, DOWN, Duty, Severity, calling

WATCHDOG = "Watchdog"
"""The alert that always fires: it shows that the way from the rules to a receiver works."""

NOBODY = "nobody"
"""The receiver of the root route. Nothing reaches it: the last route takes every alert that no other took."""

_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_MIN = 24 * 60


class Pace(msgspec.Struct, frozen=True):
    """How long an Alertmanager collects alerts before the first notification, and between two of one group."""

    group_wait: str = "10s"
    group_interval: str = "1m"


REHEARSED = Pace(group_wait="1s", group_interval="5s")
"""The pace of a rehearsal, in which every second counts."""


def alertmanager_bytes(roster: Roster, addresses: Mapping[str, str], watchdog: str, pace: Pace) -> bytes:
    """The configuration as YAML; `addresses` are the webhooks of the roster's people by id, `watchdog` that of the watchdog."""
    return canonical_yaml(alertmanager(roster, addresses, watchdog, pace))


def alertmanager(roster: Roster, addresses: Mapping[str, str], watchdog: str, pace: Pace) -> dict[str, Json]:
    """The configuration as values.

    A severity calls the first of each chain, at the hours of their shifts. An Alertmanager knows no acknowledgement: it repeats a
    page each time that the time to acknowledge has passed, and people call those who are further down a chain.
    """
    return {
        "route": {
            "receiver": NOBODY,
            "group_by": ["alertname", "service", "slo"],
            "group_wait": pace.group_wait,
            "group_interval": pace.group_interval,
            "routes": [_watchdog_route(), *(_route(roster, labels, severity) for labels, severity in ALERT_SEVERITIES)],
        },
        "inhibit_rules": [
            _inhibition([f'alertname=~"{DOWN}"'], [f'alertname!~"{DOWN}|{WATCHDOG}"']),
            _inhibition(['slo="availability"', 'severity="page"'], ['slo=~".+_latency"']),
        ],
        "receivers": _receivers(roster, addresses, watchdog),
        "time_intervals": _time_intervals(roster),
    }


def _receivers(roster: Roster, addresses: Mapping[str, str], watchdog: str) -> list[Json]:
    people: list[Json] = [
        {"name": person, "webhook_configs": [{"url": addresses[person]}]} for person in sorted(_first_people(roster))
    ]
    return [{"name": NOBODY}, {"name": WATCHDOG, "webhook_configs": [{"url": watchdog, "send_resolved": False}]}, *people]


def _time_intervals(roster: Roster) -> list[Json]:
    shifts = ((duty, number, shift) for duty in _called_at_once() for number, shift in _numbered(roster, duty))
    return [{"name": _hours(duty, number), "time_intervals": _intervals(shift, roster.zone)} for duty, number, shift in shifts]


def _inhibition(source: list[Json], target: list[Json]) -> Json:
    """While the source fires, the target of the same service is held back: who cannot be reached is also late."""
    return {"source_matchers": source, "target_matchers": target, "equal": ["service"]}


def _watchdog_route() -> Json:
    return {
        "matchers": [f'alertname="{WATCHDOG}"'],
        "receiver": WATCHDOG,
        "group_wait": "0s",
        "group_interval": "1m",
        "repeat_interval": "1m",
    }


def _route(roster: Roster, labels: Mapping[str, str], severity: Severity) -> Json:
    """The route of the alerts of one row: one below it for each person who is called first, at the hours of those shifts."""
    people: dict[str, list[Json]] = {}
    for duty in calling(severity).at_once:
        for number, shift in _numbered(roster, duty):
            people.setdefault(shift.chain[0], []).append(_hours(duty, number))
    return {
        "matchers": [f'{name}=~"{value}"' for name, value in sorted(labels.items())],
        "receiver": NOBODY,
        "repeat_interval": f"{calling(severity).acknowledge_s // 60}m",
        "routes": [
            {"receiver": person, "active_time_intervals": hours, "continue": True} for person, hours in sorted(people.items())
        ],
    }


def _called_at_once() -> tuple[Duty, ...]:
    """The duties that some alert calls."""
    called = {duty for _, severity in ALERT_SEVERITIES for duty in calling(severity).at_once}
    return tuple(duty for duty in Duty if duty in called)


def _first_people(roster: Roster) -> set[str]:
    return {shift.chain[0] for duty in _called_at_once() for shift in roster.duties.get(duty, ())}


def _numbered(roster: Roster, duty: Duty) -> Iterator[tuple[int, Shift]]:
    return enumerate(roster.duties.get(duty, ()), start=1)


def _hours(duty: Duty, number: int) -> str:
    return f"{duty}-{number}"


def _intervals(shift: Shift, zone: str) -> list[Json]:
    """The hours of a shift, equal days together: an interval of an Alertmanager does not go beyond midnight."""
    days: dict[tuple[str, str], list[Json]] = {}
    for number, name in enumerate(_NAMES):
        low, high = number * _DAY_MIN, (number + 1) * _DAY_MIN
        for span in shift.spans:
            begin, end = max(span.begin, low) - low, min(span.end, high) - low
            if begin < end:
                days.setdefault((_clock(begin), _clock(end)), []).append(name)
    return [
        {"weekdays": names, "times": [{"start_time": begin, "end_time": end}], "location": zone}
        for (begin, end), names in days.items()
    ]


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
