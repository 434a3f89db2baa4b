"""Refusals as values, and the RFC 9457 body that a caller gets of one."""

import msgspec

from gateway.errors.catalogue import CATALOGUE
from gateway.errors.row import Code, RetryAction

PROBLEM_JSON = "application/problem+json"


class Refusal(msgspec.Struct, frozen=True):
    """An expected no: a row of the catalogue with the particulars of this request; `after_ms` is set where more is known."""

    code: Code
    detail: str
    reasons: tuple[str, ...] = ()
    operation: str | None = None
    resource: str | None = None
    money_moved: str | None = None
    after_ms: int | None = None

    @property
    def retry_after_ms(self) -> int:
        """The pause before a retry, in milliseconds."""
        return CATALOGUE[self.code].after_ms if self.after_ms is None else self.after_ms


class Refused(Exception):
    """Carries a refusal out of the HTTP layer's checks; the engine returns refusals as values."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


class Retry(msgspec.Struct, frozen=True):
    """How to retry: the action, and after how many milliseconds."""

    action: RetryAction
    after_ms: int


class Problem(msgspec.Struct, frozen=True, rename={"type_": "type"}):
    """The RFC 9457 body of every refusal."""

    type_: str
    title: str
    status: int
    detail: str
    code: Code
    category: str
    money_moved: str
    retry: Retry
    next_step: str
    reasons: tuple[str, ...]
    operation: str | None
    resource: str | None
    request_id: str


def problem(refusal: Refusal, request_id: str) -> Problem:
    """The answer body for a refusal."""
    row = CATALOGUE[refusal.code]
    return Problem(
        type_=f"urn:gonogo:error:{row.code}",
        title=row.title,
        status=row.status,
        detail=refusal.detail,
        code=row.code,
        category=row.category,
        money_moved=refusal.money_moved or row.money_moved,
        retry=Retry(row.retry, refusal.retry_after_ms),
        next_step=row.next_step,
        reasons=refusal.reasons,
        operation=refusal.operation,
        resource=refusal.resource,
        request_id=request_id,
    )


class StartProblem(Exception):
    """The gateway cannot start with this configuration; the text says why and what to do."""
