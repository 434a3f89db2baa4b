"""Before a drill's storm: does the target's file describe the service? `gonogo load probe` in a process of its own says it."""

import msgspec

from drills.child import Child, spawn
from drills.rehearsal import Facts, Rehearsal
from drills.storm import probe_argv
from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.outcome import ExitCode

WITHIN = "120s"
_STOPS = ("misdescribed", "unavailable")


class Probed(msgspec.Struct, frozen=True):
    """The members of a probe's report that a drill reads."""

    outcome: str
    problem: str = ""
    next_step: str = ""


def understand(run: Rehearsal) -> Facts:
    """Probe the service; returns the outcome.

    Raises UsageProblem naming the member of the target's file that does not fit it, UnknownProblem for a service that does not
    answer, answers 5xx, or has another time. What answers and books contradict is left to the storm, whose checker judges it.
    """
    child = spawn(probe_argv(run.plan.target_argument), run.client_environ, run.out / "logs" / "probe")
    code = int(ExitCode.INTERRUPTED)
    try:
        run.note_process("probe", child.identity)
        run.wait_until(lambda: not child.alive(), WITHIN, "the end of the probe")
    finally:
        code = child.end()
    found = _report(child, code)
    if found.outcome not in _STOPS:
        return {"probe": found.outcome}
    run.misdescribed = found.outcome == "misdescribed"
    kind = UsageProblem if run.misdescribed else UnknownProblem
    raise kind(found.problem, next_step=found.next_step)


def _report(child: Child, code: int) -> Probed:
    """Its report; one that ended without says why on stderr, and with its exit code whether the user can correct it."""
    try:
        return msgspec.json.decode(child.stdout.read_bytes(), type=Probed)
    except msgspec.MsgspecError:
        words = child.stderr.read_text(errors="replace").strip() or "no message"
        outcome = "misdescribed" if code == ExitCode.USAGE else "unavailable"
        return Probed(outcome, f"the probe of the target: {words.splitlines()[0].removeprefix('error: ')}", "see logs/probe.err")
