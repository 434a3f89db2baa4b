"""Steps that act on the disk of the service's database."""

from drills.actions.service import settles_at_an_open_attempt
from drills.actions.storm import draw
from drills.control import PowerControl
from drills.disk.faults import Meters, Order
from drills.observations import counted
from drills.observed import Unobserved
from drills.record import Kill
from drills.rehearsal import Facts, Rehearsal, TimedOut
from drills.steps.base import label_of
from drills.steps.disk import CutPower, FailSyncs, FillDisk, HealDisk, MountDisk, SlowSyncs
from gates.schema.errors import UnknownProblem
from gates.schema.time import monotonic_s, parse_duration_s


def mount_disk(run: Rehearsal, step: MountDisk) -> Facts:
    """Mount the disk for the service's database."""
    run.note_process("disk", _on_power_disk(run).mount(threads=step.threads))
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


def fill_disk(run: Rehearsal, step: FillDisk) -> Facts:
    """Leave no room, and see the disk refuse a write."""
    return _have_fault(run, step, Order(room=0), "refused_writes", "writes were refused for lack of room")


def fail_syncs(run: Rehearsal, step: FailSyncs) -> Facts:
    """Have every sync fail, and see one that did."""
    return _have_fault(run, step, Order(fail_syncs=1_000_000), "failed_syncs", "syncs failed with EIO")


def slow_syncs(run: Rehearsal, step: SlowSyncs) -> Facts:
    """Delay every sync, and see one that was."""
    delay_ms = round(parse_duration_s(step.delay) * 1000)
    return _have_fault(run, step, Order(delay_ms=delay_ms), "delayed_syncs", f"syncs took {delay_ms} ms longer")


def heal_disk(run: Rehearsal, _step: HealDisk) -> Facts:
    """End every fault of the disk, and count how often a program met one; safe to take twice, and where there is no disk."""
    disk = _on_power_disk(run).disk
    if not disk.serves:
        return {"healed": False}
    disk.order(Order(room=-1, fail_syncs=0, delay_ms=0))
    run.note_cleared()
    run.since_s = monotonic_s()
    met = disk.meters()
    counts = {"refused_writes": met.refused_writes, "failed_syncs": met.failed_syncs, "delayed_syncs": met.delayed_syncs}
    return {"healed": True, **counted({name: (count, count) for name, count in counts.items() if count})}


def _have_fault(run: Rehearsal, step: FillDisk | FailSyncs | SlowSyncs, order: Order, meter: str, what: str) -> Facts:
    disk = _on_power_disk(run).disk
    before, moment = _read(disk.meters(), meter), monotonic_s()
    disk.order(order)
    try:
        run.wait_until(lambda: _read(disk.meters(), meter) > before, step.within, "a program that meets the fault")
    except TimedOut:
        raise Unobserved(
            f"no program met the fault of the disk within {step.within}", next_step="have the service keep its database in {db}"
        ) from None
    run.note_fault(label_of(step), moment, f"{_read(disk.meters(), meter) - before} {what}")
    return {}


def _read(meters: Meters, name: str) -> int:
    return int(getattr(meters, name))


def _on_power_disk(run: Rehearsal) -> PowerControl:
    if not isinstance(run.service, PowerControl):
        raise UnknownProblem("this step needs a disk of the drill's own", next_step="add mount_disk to the drill's setup")
    return run.service
