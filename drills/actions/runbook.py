"""The step that walks a runbook: its commands act on the drill's own service through orders that the drill carries out."""

import shutil
from collections.abc import Callable

from drills.actions.rail import RAIL, restore_rail
from drills.child import spawn
from drills.control import ProcessControl
from drills.incident.files import ROSTER
from drills.journal import FILE, read_journal
from drills.payouts import of_second_tenant
from drills.rehearsal import Deviated, Facts, Rehearsal, TimedOut
from drills.runbook.blocks import Shell
from drills.runbook.environment import ROLLBACK, START
from drills.runbook.measures import NOT_REACHED, StepResult, results_of
from drills.runbook.orders import Orders
from drills.runbook.places import find_page
from drills.runbook.plan import BIN, WORK
from drills.runbook.stage import DATABASE, STOP
from drills.steps.rail import RestoreRail
from drills.steps.runbook import WalkRunbook
from gates.schema.errors import UnknownProblem
from gates.schema.outcome import ExitCode
from gates.schema.rooms import room_argv
from gates.schema.time import monotonic_s

FOLDER = "runbooks"
_GRACE_S, _START_S, _POLL_S = 10.0, 60.0, 0.05


def walk_runbook(run: Rehearsal, step: WalkRunbook) -> Facts:
    """Walk it to its end; a step of it that fails, or that does not end in time, is a deviation."""
    begun_s, folder, home = monotonic_s(), run.out / FOLDER / step.runbook, run.out / FOLDER / "home"
    orders = _orders(run, step)
    environ = {**_caller(run), **_roster(run), **_commands(run, orders), "GONOGO_HOME": str(home)}
    argv = room_argv("drills.runbook", "run", step.runbook, "--target", run.plan.target_argument)
    run.note_scratch(home)
    child = spawn([*argv, "--yes", "--no-evidence", "--out", str(folder)], environ, run.out / "logs" / f"runbook-{step.runbook}")
    called = [step.rail_back_after] if step.rail_back_after else []

    def has_ended() -> bool:
        if orders is not None:
            orders.serve()
        if called and called[0] in _over(run, step):
            called.clear()
            restore_rail(run, RestoreRail())
        return not child.alive()

    try:
        run.note_process(f"runbook {step.runbook}", child.identity)
        run.wait_until(has_ended, step.within, f"the end of the runbook {step.runbook}", poll_s=_POLL_S)
    except TimedOut as error:
        raise Deviated(error.message) from None
    finally:
        code = child.end(_GRACE_S)
        if orders is not None:
            orders.close()
        shutil.rmtree(home, ignore_errors=True)
    results = _judged(step, code, _results(run, step))
    if orders is None:
        run.note_cleared()  # the target's own commands have done what the page's steps ask for
    for name in (WORK, BIN):  # of any other ending they are what to look at
        shutil.rmtree(folder / name)
    persons: list[str] = [one.step for one in results if one.human]
    return {"runbook": step.runbook, "walked_s": f"{monotonic_s() - begun_s:.3f}", "dry_run": [*persons]}


def _orders(run: Rehearsal, step: WalkRunbook) -> Orders | None:
    """What controls a service that the drill starts; one that others run is controlled by the target's own commands."""
    control = run.service
    return Orders(run.out / FOLDER / "control", _known(run, control, step)) if isinstance(control, ProcessControl) else None


def _commands(run: Rehearsal, orders: Orders | None) -> dict[str, str]:
    """The variables by which the steps act on the drill's own service, and where its database is."""
    if orders is None:
        return {}
    words = {STOP: "stop", START: "start", ROLLBACK: "rollback"}
    return {**{name: orders.command(word) for name, word in words.items()}, DATABASE: str(run.service.db)}


def _known(run: Rehearsal, control: ProcessControl, step: WalkRunbook) -> dict[str, Callable[[], None]]:
    """What the service manager does for the steps."""

    def stop() -> None:
        control.service.stop(with_rail=False)

    def start() -> None:
        control.restore(_START_S)
        run.note_cleared()

    def roll_back() -> None:
        control.roll_back(step.release, _START_S)
        run.note_cleared()

    return {"stop": stop, "start": start, "rollback": roll_back}


def _caller(run: Rehearsal) -> dict[str, str]:
    """Whose keys the steps have: those of the tenant that pays out, where the drill stands between the service and its rail."""
    path = run.paths.get(RAIL)
    return of_second_tenant(run.client_environ, path.url) if path else run.client_environ


def _roster(run: Rehearsal) -> dict[str, str]:
    """Who is called, where the drill has a monitoring that calls somebody."""
    path = run.out / ROSTER
    return {"GONOGO_ROSTER": str(path)} if path.is_file() else {}


def _results(run: Rehearsal, step: WalkRunbook) -> tuple[StepResult, ...]:
    path = run.out / FOLDER / step.runbook / FILE
    return results_of(find_page(step.runbook), read_journal(path).events if path.exists() else ())


def _over(run: Rehearsal, step: WalkRunbook) -> set[str]:
    """The steps that are over."""
    return {one.step for one in _results(run, step) if one.reason != NOT_REACHED}


def _judged(step: WalkRunbook, code: int, results: tuple[StepResult, ...]) -> tuple[StepResult, ...]:
    """The results, if every step but those of persons was taken; raises Deviated for one that failed."""
    failed = next((one for one in results if one.failed), None)
    if failed is not None:
        raise Deviated(f"the runbook {step.runbook} failed at the step {failed.step}: {failed.reason}")
    commands = {one.name for one in find_page(step.runbook).steps if isinstance(one.info, Shell)}
    left = next((one for one in results if one.step in commands and not one.judged), None)
    if left is not None or code not in (ExitCode.GREEN, ExitCode.UNKNOWN):
        where = f"at the step {left.step}: {left.reason}" if left else f"with exit code {code}"
        raise UnknownProblem(f"the runbook {step.runbook} ended {where}", next_step="see the log of the runbook in logs/")
    return results
