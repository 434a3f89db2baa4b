"""Faults of a process that hangs, and what an operator does about it."""

import os
import signal
from pathlib import Path

from drills.control import ProcessControl
from drills.incident.steps import Freeze, ReplaceProcess, Thaw
from drills.observed import Unobserved
from drills.rehearsal import Facts, Rehearsal
from drills.steps.base import label_of
from gates.schema.errors import UnknownProblem
from gates.schema.time import monotonic_s, parse_duration_s

_STOPPED = "T"


def freeze(run: Rehearsal, step: Freeze) -> Facts:
    """SIGSTOP for the first process of the service, and see it stopped; its other processes go on."""
    control = _own(run)
    pid, moment = control.service.identity.pid, monotonic_s()
    os.kill(pid, signal.SIGSTOP)
    while _state(pid) != _STOPPED:
        if monotonic_s() - moment > parse_duration_s(step.within):
            raise Unobserved(f"process {pid} was not seen to stop")
        run.pause(0.002)
    run.note_fault(label_of(step), moment, f"process {pid} is stopped: it neither works nor ends")
    return {"pid": pid}


def thaw(run: Rehearsal, _step: Thaw) -> Facts:
    """SIGCONT, if it still runs; harmless for a process that does."""
    control = _own(run)
    if not control.service.running:
        return {"continued": False}
    os.kill(control.service.identity.pid, signal.SIGCONT)
    run.note_cleared()
    return {"continued": True}


def replace_process(run: Rehearsal, step: ReplaceProcess) -> Facts:
    """SIGKILL, which also ends a stopped process, and start it again."""
    control = _own(run)
    control.service.kill()
    control.restore(parse_duration_s(step.within))
    run.since_s = monotonic_s()
    run.note_cleared()
    return {"pid": control.service.identity.pid}


def _own(run: Rehearsal) -> ProcessControl:
    if not isinstance(run.service, ProcessControl):
        raise UnknownProblem("this step needs a service that the drill starts", next_step="add spec.process to the target file")
    return run.service


def _state(pid: int) -> str:
    text = (Path("/proc") / str(pid) / "stat").read_text()
    return text[text.rindex(")") + 2 :][:1]
