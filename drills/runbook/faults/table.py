"""Which fault belongs to which runbook."""

from collections.abc import Mapping, Sequence

from drills.runbook.fault import Fault
from drills.runbook.faults.closed_sign_up import ClosedSignUp
from drills.runbook.faults.confused_caller import ConfusedCaller
from drills.runbook.faults.corrupt_database import CorruptDatabase
from drills.runbook.faults.dead_gateway import DeadGateway
from drills.runbook.faults.defective_release import DefectiveRelease
from drills.runbook.faults.double_settle import DoubleSettle
from drills.runbook.faults.full_disk import FullDisk
from drills.runbook.faults.lost_reply import LostReply
from drills.runbook.faults.mail_outage import MailOutage
from drills.runbook.faults.rail_outage import RailOutage
from drills.runbook.faults.runaway_agent import RunawayAgent
from drills.runbook.faults.setup_failures import SetupFailures
from drills.runbook.faults.stolen_receipt_key import StolenReceiptKey
from drills.runbook.faults.wrong_build import WrongBuild
from drills.runbook.page import Page
from drills.runbook.places import find_page
from gates.schema.errors import UsageProblem

_ALL = (
    DefectiveRelease,
    DoubleSettle,
    RailOutage,
    LostReply,
    StolenReceiptKey,
    RunawayAgent,
    CorruptDatabase,
    DeadGateway,
    ConfusedCaller,
    FullDisk,
    WrongBuild,
    ClosedSignUp,
    MailOutage,
    SetupFailures,
)
FAULTS: Mapping[str, type[Fault]] = {fault.runbook: fault for fault in _ALL}
"""By the name of the runbook that is rehearsed with it."""


def pages_to_rehearse(names: Sequence[str], *, everything: bool) -> tuple[Page, ...]:
    """The pages of these names, or of all faults; raises UsageProblem for names that have no fault, or none at all."""
    if bool(names) is everything:
        raise UsageProblem("name the runbooks to rehearse, or give --all", next_step=f"the runbooks are {', '.join(FAULTS)}")
    for name in names:
        if name not in FAULTS:
            raise UsageProblem(f"{name!r} has no fault to be rehearsed with", next_step=f"use {', '.join(FAULTS)}, or --all")
    return tuple(find_page(name) for name in (FAULTS if everything else dict.fromkeys(names)))
