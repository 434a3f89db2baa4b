"""Steps that act on the disk of the service's database."""

from drills.actions.service import settles_at_an_open_attempt
from drills.actions.storm import draw
from drills.control import PowerControl
from drills.record import Kill
from drills.rehearsal import Facts, Rehearsal
from drills.steps.base import label_of
from drills.steps.disk import CutPower, MountDisk
from gates.schema.errors import UnknownProblem


def mount_disk(run: Rehearsal, _step: MountDisk) -> Facts:
    """Mount the disk for the service's database."""
    run.note_process("disk", _on_power_disk(run).mount())
    return {}


def cut_power(run: Rehearsal, step: CutPower) -> Facts:
    """Kill the service and reset the disk; the seed determines which of the unsynced writes remain."""
    control = _on_power_disk(run)
    settles = settles_at_an_open_attempt(run, step.within)
    kept = 1 + int(draw(run.plan.seed, step.name, "0", "1000000")) if step.unsynced == "partly_kept" else 0
    moment = control.kill()
    unsynced = control.disk.cut(kept)
    run.note_fault(label_of(step), moment, f"the disk had not synced {unsynced} writes")
    run.record.kills.append(Kill(moment, settles, unsynced=unsynced))
    return {"acknowledged_settles": settles, "seen_gone": True, "unsynced_writes": unsynced}


def _on_power_disk(run: Rehearsal) -> PowerControl:
    if not isinstance(run.service, PowerControl):
        raise UnknownProblem("this step needs a disk whose power can be cut", next_step="add mount_disk to the drill's setup")
    return run.service
