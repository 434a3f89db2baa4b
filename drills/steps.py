"""The steps of drills, as documents write them; `actions` executes them."""

from typing import Literal, TypeAlias

import msgspec


class _Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="action", omit_defaults=True, kw_only=True):
    """`name` distinguishes two steps of one action; a step that takes longer than `within` has timed out."""

    name: str = ""
    within: str = "30s"


class Seed(_Step, frozen=True, tag="seed"):
    """Create tenants, keys, wallet and payees in the fresh database."""


class MakeRelease(_Step, frozen=True, tag="make_release"):
    """Copy the gateway's package and apply the changes of the release document of this name."""

    release: str


class StartService(_Step, frozen=True, tag="start_service"):
    """Start the service, from a release folder if one is named."""

    release: str = ""


class StartStorm(_Step, frozen=True, tag="start_storm"):
    """Start the load run."""


class WaitForSettles(_Step, frozen=True, tag="wait_for_settles"):
    """Wait until this share of the planned payments is acknowledged as settled; the seed determines the point between the two."""

    share: tuple[str, str]


class Sigkill(_Step, frozen=True, tag="sigkill"):
    """End the service without warning."""


class MountDisk(_Step, frozen=True, tag="mount_disk"):
    """Put the service's database on a disk whose power can be cut."""


class CutPower(_Step, frozen=True, tag="cut_power"):
    """End the service without warning and cut its disk's power: unsynced writes are lost, or partly kept."""

    unsynced: Literal["lost", "partly_kept"]


class Restart(_Step, frozen=True, tag="restart"):
    """Start the service again on the same port and database, and measure from the kill to ready."""


class DeployRelease(_Step, frozen=True, tag="deploy_release"):
    """Stop the running release gracefully and start this one in its place."""

    release: str


class ObserveSteadyState(_Step, frozen=True, tag="observe_steady_state"):
    """Watch until the steady state breaks; a candidate that is not detected is a deviation."""

    expect: Literal["broken"]


class RollbackRelease(_Step, frozen=True, tag="rollback_release"):
    """Start this release again, on the database as the candidate left it."""

    release: str


class RestoreService(_Step, frozen=True, tag="restore_service"):
    """Start the service if it does not run, and wait until it is ready."""


class WaitStorm(_Step, frozen=True, tag="wait_storm"):
    """Let the storm finish and check itself."""


class Audit(_Step, frozen=True, tag="audit"):
    """Read the load run's check: every count of a defect that is not zero is a deviation."""


class CheckDatabase(_Step, frozen=True, tag="check_database"):
    """Check the database file with SQLite, read only."""


Step: TypeAlias = (
    Seed
    | MakeRelease
    | StartService
    | StartStorm
    | WaitForSettles
    | Sigkill
    | MountDisk
    | CutPower
    | Restart
    | DeployRelease
    | ObserveSteadyState
    | RollbackRelease
    | RestoreService
    | WaitStorm
    | Audit
    | CheckDatabase
)
