"""Steps that replace the running release."""

from drills.steps.base import StepBase


class MakeRelease(StepBase, frozen=True, tag="make_release"):
    """Copy the gateway's package and apply the changes of the release document of this name."""

    release: str


class DeployRelease(StepBase, frozen=True, tag="deploy_release"):
    """Stop the running release gracefully and start this one in its place."""

    release: str


class RollbackRelease(StepBase, frozen=True, tag="rollback_release"):
    """Start this release again, on the database as the candidate left it."""

    release: str
