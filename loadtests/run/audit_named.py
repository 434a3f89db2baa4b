"""Do the places where the books can be read answer as the target's file says? The member that does not fit, by name."""

from collections.abc import Iterable

from gates.schema.errors import Problem, UnknownProblem, UsageProblem
from gates.schema.outcome import UnknownReason
from gates.schema.target import Operation
from loadtests.books.entries import Books, Gap, Opening
from loadtests.service import Service, UnusableRead
from loadtests.storm.plan import Plan

_NOT_ALLOWED, _FAILS = (401, 403, 407), 500


Part = tuple[object, tuple[str, ...]]


def require_audit(service: Service, plan: Plan, opening: Opening) -> None:
    """Raise UsageProblem naming the member of `spec.audit` that leads to something else than the books.

    A read that fails otherwise leaves the books unknown, with its reason.
    """
    problem = _problem(service, plan, ((opening.seq, ("ledger",)), (opening.balances, ("wallet", "payee"))))
    if isinstance(problem, UsageProblem):
        raise problem


def audit_problem(service: Service, plan: Plan, books: Books) -> Problem | None:
    """Why the first part of the books that the file names could not be read, None if each could.

    UsageProblem naming the member where the answer shows that it is wrong, UnknownProblem where the service fails.
    """
    parts = ((books.entries, ("ledger",)), (books.receipts, ("receipts",)), (books.balances, ("wallet", "payee")))
    return _problem(service, plan, parts)


def _problem(service: Service, plan: Plan, parts: Iterable[Part]) -> Problem | None:
    for part, names in parts:
        if not isinstance(part, Gap) or part.reason is UnknownReason.MISSING:
            continue
        for name in names:
            operation: Operation | None = getattr(service.target.audit, name)
            problem = None if operation is None else _refusal(service, plan, name, operation)
            if problem is not None:
                return problem
        where = " and ".join(f"spec.audit.{name}" for name in names)
        return UsageProblem(f"{where}: {part.detail}", next_step=f"correct {where} in the target file, or leave it out")
    return None


def _refusal(service: Service, plan: Plan, name: str, operation: Operation) -> Problem | None:
    """What a read of its own shows: a refusal names the member; None if it is answered."""
    fields = {"after": "0", "cursor": "", "wallet_id": plan.wallet_id, "payee_id": plan.payee_ids[0]}
    try:
        service.get(operation, fields)
    except UnusableRead as refused:
        if refused.status >= _FAILS:
            return UnknownProblem(refused.message, next_step="see the log of the service, and run again when it answers")
        member = f"spec.audit.{name}.path"
        if refused.status in _NOT_ALLOWED:
            member = f"spec.audit.{name}.role ({operation.role}), or spec.credentials.{operation.role}"
        return UsageProblem(refused.message, next_step=f"correct {member} in the target file")
    except UnknownProblem as problem:
        return problem
    return None
