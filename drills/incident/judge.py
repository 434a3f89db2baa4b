"""Did the right page arrive, in time, at the right people, and no other? Pure: from what each monitoring received and scraped."""

from collections.abc import Iterable, Sequence

import msgspec

from drills.incident.asking import LoadedAlert, Series
from drills.incident.exact import Condition, moments
from drills.incident.pages import Alert, Received, pages
from gates.schema.time import parse_utc

EARLY_S = 5.0
"""How much before its exact moment a page may arrive: its samples are a second apart, as is what evaluates them."""

_TIE_S = 2.0
"""Of two alerts that are due within this time either may fire first: a sample and an evaluation are a second apart."""


class Expected(msgspec.Struct, frozen=True):
    """The page that must arrive: its alert's labels, and how long after its exact moment it may.

    `rivals` are the alerts that may fire first: the labels that each has in addition, and when it has to fire. The page is due
    with the earliest of them. The first one is that whose end is awaited.
    """

    alert: dict[str, str]
    rivals: tuple[tuple[dict[str, str], Condition], ...]
    late_s: float

    @property
    def first(self) -> dict[str, str]:
        """The labels of the alert whose end is awaited."""
        return self.rivals[0][0]


class Instants(msgspec.Struct, frozen=True):
    """The moments of the drill itself, in seconds since 1970: the fault, its acknowledgement, and its end, if they came."""

    injected: float
    mitigated: float | None
    acknowledged: float | None


class Watch(msgspec.Struct, frozen=True):
    """What one monitoring saw: notifications, the series of each of the condition's selectors, and the alerts that it loaded."""

    name: str
    received: tuple[Received, ...]
    series: tuple[tuple[Series, ...], ...]
    alerts: tuple[LoadedAlert, ...]
    control_scrapes: int
    """How often it scraped the service in the control run."""


class Times(msgspec.Struct, frozen=True):
    """The moments of one monitoring, in seconds since 1970; None for what did not come about."""

    first_bad: float | None
    exact: float | None
    firing: float | None
    received: float | None
    resolved: float | None


class Judged(msgspec.Struct, frozen=True):
    """One monitoring, judged.

    `early` are the pages before the fault, `unexpected` the others after it; `people` are those whom the page called;
    `wrong_first` is the alert that fired first, where another one, `due_first`, should have. `page_alerts` are the alerts that
    could have paged: they were evaluated without an error.
    """

    watch: str
    times: Times
    early: tuple[str, ...]
    unexpected: tuple[str, ...]
    people: tuple[str, ...]
    wrong_first: str
    due_first: dict[str, str]
    page_alerts: int
    control_scrapes: int
    without_runbook: bool

    @property
    def off_by_s(self) -> float | None:
        """How long after its exact moment the page arrived; negative for one that came earlier."""
        if self.times.received is None or self.times.exact is None:
            return None
        return self.times.received - self.times.exact


def judge(expected: Expected, instants: Instants, watch: Watch) -> Judged:
    """Look at everything that one monitoring received."""
    arrived = pages(watch.received)
    right = [item for item in arrived if _at(item) >= instants.injected and _all_of(item, expected.alert)]
    first = right[0] if right else None
    alerts = () if first is None else _all_of(first, expected.alert)
    due = [(labels, moments(condition, watch.series, instants.injected)) for labels, condition in expected.rivals]
    exact = min((found.exact for _, found in due if found.exact is not None), default=None)
    earliest = [labels for labels, found in due if exact is None or (found.exact is not None and found.exact - exact <= _TIE_S)]
    return Judged(
        watch=watch.name,
        times=Times(
            first_bad=due[0][1].first_bad,
            exact=exact,
            firing=min((parse_utc(alert.starts_at).timestamp() for alert in alerts), default=None),
            received=None if first is None else _at(first),
            resolved=None if first is None else _resolved(right, expected.alert | expected.first, _at(first)),
        ),
        early=_named(item for item in arrived if _at(item) < instants.injected),
        unexpected=_named(item for item in arrived if not _all_of(item, expected.alert) and _at(item) >= instants.injected),
        people=tuple(sorted({item.person for item in right if item.person is not None})),
        wrong_first="" if not alerts or any(alert.has(labels) for labels in earliest for alert in alerts) else _name(alerts[0]),
        due_first=earliest[0],
        page_alerts=sum(alert.labels.get("severity") == "page" and alert.health == "ok" for alert in watch.alerts),
        control_scrapes=watch.control_scrapes,
        without_runbook=any(not alert.annotations.get("runbook_url") for alert in alerts),
    )


def is_off(expected: Expected, one: Judged) -> bool:
    """Whether the page arrived before or after the time in which it had to; also where that time cannot be computed."""
    return one.off_by_s is None or not -EARLY_S <= one.off_by_s <= expected.late_s


def _all_of(item: Received, labels: dict[str, str]) -> tuple[Alert, ...]:
    """The alerts of a notification that have these labels."""
    return tuple(alert for alert in item.payload.alerts if alert.has(labels))


def _resolved(right: Sequence[Received], labels: dict[str, str], since: float) -> float | None:
    """When it first arrived that the alert which fired first fires no more; others of its group may go on."""
    ended = (item for item in right if _at(item) > since)
    return next((_at(item) for item in ended if any(alert.status == "resolved" for alert in _all_of(item, labels))), None)


def _named(items: Iterable[Received]) -> tuple[str, ...]:
    """The alerts of severity page in these notifications, each once."""
    alerts = (alert for item in items for alert in item.payload.alerts if alert.labels.get("severity") == "page")
    return tuple(dict.fromkeys(_name(alert) for alert in alerts))


def _name(alert: Alert) -> str:
    shown = (f"{name}={alert.labels[name]}" for name in ("slo", "long") if name in alert.labels)
    return " ".join((alert.labels.get("alertname", "an alert without a name"), *shown))


def _at(item: Received) -> float:
    return parse_utc(item.at).timestamp()
