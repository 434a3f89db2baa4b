"""Does the list of settlements fit the target's file? The member that does not, by name, after the first payments."""

from collections.abc import Callable, Sequence
from time import sleep

from gates.schema.errors import Problem, UnknownProblem, UsageProblem
from loadtests.books.read_list import ReadList, fault_of, read_list
from loadtests.books.settlements import Absent, Expected, Misdescribed
from loadtests.checker.listing import expected_of
from loadtests.checker.requests import index_history
from loadtests.service import Service
from loadtests.storm.history import Event
from loadtests.storm.plan import Plan


def require_list(service: Service, plan: Plan, events: Sequence[Event], pause: Callable[[float], None] = sleep) -> None:
    """Raise what `list_problem` returns for the list as it is now; `events` are those of the payments so far."""
    shape = service.target.audit.settlements
    if shape is None:
        return
    expected = expected_of(index_history(plan, events))
    problem = list_problem(service.name, read_list(service, shape, expected, pause, hasty=True), expected)
    if problem is not None:
        raise problem


def list_problem(name: str, read: ReadList, expected: Expected) -> Problem | None:
    """UsageProblem naming the member that does not fit, UnknownProblem where the service fails, None where nothing is wrong.

    A list that lacks an acknowledged settle is no fault of the file: the checker judges that.
    """
    fault = fault_of(read, expected)
    if read.problem and not read.member:
        return UnknownProblem(f"the target {name!r}: {read.problem}", next_step="see the log of the service, and run again")
    if fault is None or isinstance(fault, Absent) or not (read.member or isinstance(fault, Misdescribed)):
        return None
    member = read.member or getattr(fault, "member", "")
    return UsageProblem(f"the target {name!r}: {fault}", next_step=f"correct {member} in the target file")
