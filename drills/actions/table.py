"""Which function executes which step?"""

from collections.abc import Callable
from typing import Any

from drills.actions.clients import observe_clients, read_service
from drills.actions.clock import fake_clock, jump_clock, reset_clock
from drills.actions.control import pause_service, resume_service, settle_open_holds
from drills.actions.disk import cut_power, fail_syncs, fill_disk, heal_disk, mount_disk, slow_syncs
from drills.actions.keys import compare_with_books, pin_keys, revoke_key, rotate_key, steal_key, verify_receipts
from drills.actions.network import half_open_network, proxy_network, restore_network, slow_network
from drills.actions.rail import (
    accept_payouts,
    await_payouts,
    cut_rail,
    hold_steady_state,
    observe_mode,
    proxy_rail,
    restore_rail,
    start_payouts,
)
from drills.actions.release import deploy_release, make_release_folder, rollback_release
from drills.actions.restore import (
    audit_restored,
    back_up,
    compare_restored,
    lose_database,
    pay_out,
    reconcile_rail,
    repeat_payouts,
    replicate,
    restore_database,
    return_traffic,
    settle_on,
)
from drills.actions.runbook import walk_runbook
from drills.actions.service import restart, restore_service, seed, sigkill, start_service
from drills.actions.storm import await_steady_state, observe_steady_state, start_storm, wait_for_settles
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
from drills.steps.clock import FakeClock, JumpClock, ResetClock
from drills.steps.control import PauseService, ResumeService, SettleOpenHolds
from drills.steps.disk import CutPower, FailSyncs, FillDisk, HealDisk, MountDisk, SlowSyncs
from drills.steps.keys import CompareWithBooks, PinKeys, RevokeKey, RotateKey, StealKey, VerifyReceipts
from drills.steps.network import HalfOpenNetwork, ProxyNetwork, RestoreNetwork, SlowNetwork
from drills.steps.rail import (
    AcceptPayouts,
    AwaitPayouts,
    CutRail,
    HoldSteadyState,
    ObserveMode,
    ProxyRail,
    RestoreRail,
    StartPayouts,
)
from drills.steps.release import DeployRelease, MakeRelease, RollbackRelease
from drills.steps.restore import (
    AuditRestored,
    BackUp,
    CompareRestored,
    LoseDatabase,
    PayOut,
    ReconcileRail,
    RepeatPayouts,
    Replicate,
    RestoreDatabase,
    ReturnTraffic,
    SettleOn,
)
from drills.steps.runbook import WalkRunbook
from drills.steps.service import Restart, RestoreService, Seed, Sigkill, StartService
from drills.steps.storm import Audit, AwaitSteadyState, CheckDatabase, ObserveSteadyState, StartStorm, WaitForSettles, WaitStorm

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
    AwaitSteadyState: await_steady_state,
    RollbackRelease: rollback_release,
    RestoreService: restore_service,
    ProxyNetwork: proxy_network,
    SlowNetwork: slow_network,
    HalfOpenNetwork: half_open_network,
    RestoreNetwork: restore_network,
    ProxyRail: proxy_rail,
    StartPayouts: start_payouts,
    CutRail: cut_rail,
    AcceptPayouts: accept_payouts,
    RestoreRail: restore_rail,
    ObserveMode: observe_mode,
    HoldSteadyState: hold_steady_state,
    AwaitPayouts: await_payouts,
    PauseService: pause_service,
    SettleOpenHolds: settle_open_holds,
    ResumeService: resume_service,
    FakeClock: fake_clock,
    JumpClock: jump_clock,
    ResetClock: reset_clock,
    PinKeys: pin_keys,
    RotateKey: rotate_key,
    StealKey: steal_key,
    CompareWithBooks: compare_with_books,
    RevokeKey: revoke_key,
    VerifyReceipts: verify_receipts,
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
    WalkRunbook: walk_runbook,
    Replicate: replicate,
    BackUp: back_up,
    PayOut: pay_out,
    SettleOn: settle_on,
    LoseDatabase: lose_database,
    RestoreDatabase: restore_database,
    CompareRestored: compare_restored,
    ReconcileRail: reconcile_rail,
    ReturnTraffic: return_traffic,
    RepeatPayouts: repeat_payouts,
    AuditRestored: audit_restored,
}
