"""Steps around the load: start it, wait for it, observe through it, and audit it."""

from typing import Literal

from drills.steps.base import StepBase


class StartStorm(StepBase, frozen=True, tag="start_storm"):
    """Start the load run."""


class WaitForSettles(StepBase, frozen=True, tag="wait_for_settles"):
    """Wait until this share of the planned payments is acknowledged as settled; the seed determines the point between the two."""

    share: tuple[str, str]


class ObserveSteadyState(StepBase, frozen=True, tag="observe_steady_state"):
    """Watch until the steady state breaks; a fault that the probes do not detect is a deviation."""

    expect: Literal["broken"] = "broken"


class AwaitSteadyState(StepBase, frozen=True, tag="await_steady_state"):
    """Wait until the steady state holds again, between two faults; one that does not return is a deviation."""


class WaitStorm(StepBase, frozen=True, tag="wait_storm"):
    """Let the storm finish and check itself."""


class Audit(StepBase, frozen=True, tag="audit"):
    """Read the load run's check: every count of a defect that is not zero is a deviation."""


class CheckDatabase(StepBase, frozen=True, tag="check_database"):
    """Check the database file with SQLite, read only."""
