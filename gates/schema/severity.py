"""How bad is it, who is called, and how soon must somebody acknowledge? One table for alerts, runbooks and support."""

import re
from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Duty(StrEnum):
    """What somebody is on duty for; a roster names people for each."""

    COMMANDER = "commander"
    OPERATOR = "operator"
    FINANCE = "finance"
    SECURITY = "security"
    OWNER = "owner"
    SUPPORT = "support"


class Severity(StrEnum):
    """How bad an incident is; in doubt the higher one, which has the smaller number."""

    S1 = "S1"
    S2 = "S2"
    S3 = "S3"
    S4 = "S4"


class Calling(msgspec.Struct, frozen=True):
    """What a severity means and whom it calls.

    Duties of `at_once` are called first; each of `later` after its seconds without an acknowledgement. `acknowledge_s` is the
    time to acknowledge, and the time until the next person of a duty's chain is called. `update`: how often others are informed.
    """

    severity: Severity
    means: str
    acknowledge_s: int
    at_once: tuple[Duty, ...]
    later: tuple[tuple[int, Duty], ...]
    update: str

    @property
    def duties(self) -> tuple[Duty, ...]:
        """Every duty that this severity calls, sooner or later."""
        return (*self.at_once, *(duty for _, duty in self.later))


_MINUTE, _HOUR = 60, 3600
_S1 = "money moved twice, is lost or cannot be explained; a secret or a tenant leaks; everything is down"

CALLINGS = (
    Calling(
        Severity.S1,
        _S1,
        5 * _MINUTE,
        (Duty.COMMANDER, Duty.OPERATOR, Duty.FINANCE, Duty.SECURITY),
        ((15 * _MINUTE, Duty.OWNER),),
        "every 15 minutes, public every 30 minutes",
    ),
    Calling(
        Severity.S2,
        "an alert of severity page fires; a tenant is down; the rail is out; a payment is unknown for more than an hour",
        15 * _MINUTE,
        (Duty.OPERATOR,),
        ((30 * _MINUTE, Duty.COMMANDER),),
        "every 30 minutes",
    ),
    Calling(
        Severity.S3,
        "degraded, and there is a way around; a dispute is due in less than 48 hours",
        2 * _HOUR,
        (Duty.OWNER,),
        (),
        "daily",
    ),
    Calling(Severity.S4, "a question", 24 * _HOUR, (Duty.SUPPORT,), (), "weekly"),
)
"""The table of the launch plan's escalation; for S4 the time is one working day."""


def calling(severity: Severity) -> Calling:
    """The row of a severity."""
    return next(row for row in CALLINGS if row.severity is severity)


def round_the_clock(rows: Iterable[Calling] = CALLINGS) -> tuple[Duty, ...]:
    """The duties that somebody must have at every hour: all that a severity calls which does not wait for a working day."""
    called = {duty for row in rows if row.acknowledge_s < 24 * _HOUR for duty in row.duties}
    return tuple(duty for duty in Duty if duty in called)


DOWN = "[A-Z][A-Za-z0-9]*Down"
"""The alerts that a whole service cannot be reached, as a regular expression: `gonogo slo generate` names them after its job."""

ALERT_SEVERITIES: tuple[tuple[dict[str, str], Severity], ...] = (
    ({"alertname": DOWN, "severity": "page"}, Severity.S1),
    ({"severity": "page"}, Severity.S2),
    ({"severity": "ticket"}, Severity.S3),
    ({}, Severity.S2),
)
"""The severity of an alert by its labels, first match first; one that nobody foresaw is the higher of two in doubt.

The values are regular expressions for whole values, as Prometheus and Python read them.
"""


def severity_of(labels: dict[str, str]) -> Severity:
    """The severity of an alert with these labels."""
    return next(
        severity
        for wanted, severity in ALERT_SEVERITIES
        if all(re.fullmatch(value, labels.get(name, "")) for name, value in wanted.items())
    )
