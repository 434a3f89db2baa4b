"""Steps that start the service, kill it and start it again."""

from drills.steps.base import StepBase


class Seed(StepBase, frozen=True, tag="seed"):
    """Create tenants, keys, wallet and payees in the fresh database."""


class StartService(StepBase, frozen=True, tag="start_service"):
    """Start the service, from a release folder if one is named."""

    release: str = ""


class Sigkill(StepBase, frozen=True, tag="sigkill"):
    """End the service without warning."""


class Restart(StepBase, frozen=True, tag="restart"):
    """Start the service again on the same port and database, and measure from the kill to ready."""


class RestoreService(StepBase, frozen=True, tag="restore_service"):
    """Start the service if it does not run, and wait until it is ready."""
