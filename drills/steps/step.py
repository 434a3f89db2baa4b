"""All steps that a drill can have."""

from typing import TypeAlias

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
    | FillDisk
    | FailSyncs
    | SlowSyncs
    | HealDisk
    | ObserveSteadyState
    | ObserveClients
    | ReadService
    | AwaitSteadyState
    | RollbackRelease
    | RestoreService
    | ProxyNetwork
    | SlowNetwork
    | HalfOpenNetwork
    | RestoreNetwork
    | ProxyRail
    | StartPayouts
    | CutRail
    | AcceptPayouts
    | RestoreRail
    | ObserveMode
    | HoldSteadyState
    | AwaitPayouts
    | PauseService
    | SettleOpenHolds
    | ResumeService
    | FakeClock
    | JumpClock
    | ResetClock
    | PinKeys
    | RotateKey
    | StealKey
    | CompareWithBooks
    | RevokeKey
    | VerifyReceipts
    | WaitStorm
    | Audit
    | CheckDatabase
    | StartMonitoring
    | ControlRun
    | AwaitPage
    | AcknowledgePage
    | AwaitResolved
    | JudgePages
    | Freeze
    | Thaw
    | ReplaceProcess
    | WalkRunbook
    | Replicate
    | BackUp
    | PayOut
    | SettleOn
    | LoseDatabase
    | RestoreDatabase
    | CompareRestored
    | ReconcileRail
    | ReturnTraffic
    | RepeatPayouts
    | AuditRestored
)
