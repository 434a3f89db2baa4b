"""Which function executes which step?"""

from collections.abc import Callable
from typing import Any

from drills.actions.clients import observe_clients, read_service
from drills.actions.disk import cut_power, fail_syncs, fill_disk, heal_disk, mount_disk, slow_syncs
from drills.actions.release import deploy_release, make_release_folder, rollback_release
from drills.actions.service import restart, restore_service, seed, sigkill, start_service
from drills.actions.storm import observe_steady_state, start_storm, wait_for_settles
from drills.audit import audit, check_database, wait_storm
from drills.incident.actions import (
    acknowledge_page,
    await_page,
    await_resolved,
    control_run,
    judge_pages,
    start_monitoring,
)
from drills.incident.fault_actions import freeze, replace_process, thaw
from drills.incident.steps import (
    AcknowledgePage,
    AwaitPage,
    AwaitResolved,
    ControlRun,
    Freeze,
    JudgePages,
    ReplaceProcess,
    StartMonitoring,
    Thaw,
)
from drills.rehearsal import Facts, Rehearsal
from drills.steps.base import StepBase
from drills.steps.clients import ObserveClients, ReadService
from drills.steps.disk import CutPower, FailSyncs, FillDisk, HealDisk, MountDisk, SlowSyncs
from drills.steps.release import DeployRelease, MakeRelease, RollbackRelease
from drills.steps.service import Restart, RestoreService, Seed, Sigkill, StartService
from drills.steps.storm import Audit, CheckDatabase, ObserveSteadyState, StartStorm, WaitForSettles, WaitStorm

Action = Callable[[Rehearsal, Any], Facts]

ACTIONS: dict[type[StepBase], Action] = {
    Seed: seed,
    MakeRelease: make_release_folder,
    StartService: start_service,
    StartStorm: start_storm,
    WaitForSettles: wait_for_settles,
    Sigkill: sigkill,
    MountDisk: mount_disk,
    CutPower: cut_power,
    Restart: restart,
    DeployRelease: deploy_release,
    FillDisk: fill_disk,
    FailSyncs: fail_syncs,
    SlowSyncs: slow_syncs,
    HealDisk: heal_disk,
    ObserveSteadyState: observe_steady_state,
    ObserveClients: observe_clients,
    ReadService: read_service,
    RollbackRelease: rollback_release,
    RestoreService: restore_service,
    WaitStorm: wait_storm,
    Audit: audit,
    CheckDatabase: check_database,
    StartMonitoring: start_monitoring,
    ControlRun: control_run,
    AwaitPage: await_page,
    AcknowledgePage: acknowledge_page,
    AwaitResolved: await_resolved,
    JudgePages: judge_pages,
    Freeze: freeze,
    Thaw: thaw,
    ReplaceProcess: replace_process,
}
