"""Which fault belongs to which runbook."""

from collections.abc import Mapping, Sequence

from drills.runbook.fault import Fault
from drills.runbook.faults.defective_release import DefectiveRelease
from drills.runbook.page import Page
from drills.runbook.places import find_page
from gates.schema.errors import UsageProblem

FAULTS: Mapping[str, type[Fault]] = {fault.runbook: fault for fault in (DefectiveRelease,)}
"""By the name of the runbook that is rehearsed with it."""


def pages_to_rehearse(names: Sequence[str], *, everything: bool) -> tuple[Page, ...]:
    """The pages of these names, or of all faults; raises UsageProblem for names that have no fault, or none at all."""
    if bool(names) is everything:
        raise UsageProblem("name the runbooks to rehearse, or give --all", next_step=f"the runbooks are {', '.join(FAULTS)}")
    for name in names:
        if name not in FAULTS:
            raise UsageProblem(f"{name!r} has no fault to be rehearsed with", next_step=f"use {', '.join(FAULTS)}, or --all")
    return tuple(find_page(name) for name in (FAULTS if everything else dict.fromkeys(names)))
