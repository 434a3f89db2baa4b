"""What does the answer to a first request say about the target's file? The member that does not fit, by name."""

from urllib.parse import urlsplit

from gates.schema.acknowledgement import decoded, standing
from gates.schema.errors import Problem, UnknownProblem, UsageProblem
from gates.schema.operation import Operation, State
from gates.schema.pointer import id_at
from gates.schema.printable import printable
from gates.schema.reach import connection_hint
from gates.schema.target import Target
from loadtests.service import Service
from loadtests.storm.answers import id_candidates
from loadtests.storm.plan import MutationName
from loadtests.storm.wire import Answer

_DESCRIPTION = {400: "body", 404: "path", 405: "method", 410: "path", 415: "body", 422: "body"}
"""Refusals that say that a request is not one of this service's, by the part of the operation that they are about."""
_UNREADABLE = (400, 422)
_NOT_KNOWN = (401, 407)
"""Statuses with which a service says that it does not accept the credential itself."""
_PAGE = "text/html"


def problem_of(service: Service, name: MutationName, payment_id: str | None, answer: Answer) -> Problem | None:
    """What an answer that acknowledges nothing says about the target's file; None for a refusal of the service's own.

    `payment_id` is what the request named, if it named a payment.
    """
    operation = service.target.operations[name]
    request = f"{operation.method} {service.base_url}{operation.path}"
    if answer.status is None:
        return UnknownProblem(f"{request}: no answer ({answer.error})", next_step=connection_hint(service.target))
    said = f"the target {service.name!r}: {request} was answered with {answer.status}{_of_type(answer)}"
    if answer.status >= 500:
        return UnknownProblem(said, next_step="see the log of the service, and run again when it answers")
    if answer.status in _NOT_KNOWN:
        where = f"spec.credentials.{operation.role}"
        return UsageProblem(f"{said}: the credential was refused", next_step=f"correct {where}, or the variable that it names")
    if answer.status in _DESCRIPTION:
        body = printable(service.redact(answer.body.decode(errors="replace"))[:200])
        named = f", or spec.operations.reserve.id_pointer, which led to {printable(payment_id)}" if payment_id else ""
        member = f"spec.operations.{name}.{_DESCRIPTION[answer.status]}"
        key = f", or {key_member(service.target)}" if answer.status in _UNREADABLE else ""
        return UsageProblem(f"{said}: {body}", next_step=f"correct {member} in the target file{named}{key}")
    return _misdescribed(service, said, f"spec.operations.{name}", operation, answer)


def _misdescribed(service: Service, said: str, where: str, operation: Operation, answer: Answer) -> UsageProblem | None:
    status = answer.status or 0
    if status in operation.success:
        return _without_id(said, where, operation, answer)
    if 300 <= status < 400:
        place = service.redact(answer.location or "nowhere")
        return UsageProblem(f"{said}, a redirect to {place}: redirects are not followed", next_step=_where_to(place, where))
    if status < 300 and answer.media == _PAGE:
        return _web_page(said, where)
    if status < 300:
        listed = f"add {status} to {where}.success if it acknowledges the effect"
        return UsageProblem(f"{said}, which {where}.success does not list", next_step=listed)
    return None


def _without_id(said: str, where: str, operation: Operation, answer: Answer) -> UsageProblem | None:
    found = standing(operation, answer.body, answer.media)
    if found.type != "info":
        return None
    if operation.state is not None and (operation.id_pointer is None or found.identity is not None):
        return _of_unlisted_state(said, where, operation.state, found.state)
    if operation.id_pointer is None:
        return _web_page(said, where)
    document = decoded(answer.body)
    if document is None:
        problem = f"{said}, which is no JSON: {where}.id_pointer {operation.id_pointer} leads to nothing"
        return UsageProblem(problem, next_step=f"correct spec.base_url or {where}.path: an answer needs the payment's id")
    near = [f"{pointer} ({id_at(document, pointer)})" for pointer in id_candidates(document)]
    problem = f"{said}, and {where}.id_pointer {operation.id_pointer} leads to no text and no whole number"
    known = f"; the answer has {', '.join(near)}" if near else ""
    return UsageProblem(problem, next_step=f"correct {where}.id_pointer in the target file{known}")


def _web_page(said: str, where: str) -> UsageProblem:
    return UsageProblem(f"{said}, a web page", next_step=f"correct spec.base_url or {where}.path in the target file")


def _of_unlisted_state(said: str, where: str, state: State, found: str | None) -> UsageProblem:
    leads = f"{where}.state.pointer {state.pointer} leads to {'nothing' if found is None else printable(found)}"
    lists = f"add it to {where}.state.done if it acknowledges the effect, to refused if it never happens after it"
    next_step = lists if found else f"correct {where}.state.pointer"
    return UsageProblem(f"{said}, and {leads}, which is not listed", next_step=next_step)


def key_member(target: Target) -> str:
    """The member that says where the idempotency key goes."""
    if target.idempotency_field:
        return f"spec.idempotency_field ({target.idempotency_field})"
    return f"spec.idempotency_header ({target.idempotency_header})"


def _of_type(answer: Answer) -> str:
    return f" ({answer.media})" if answer.media else " without a media type"


def _where_to(place: str, where: str) -> str:
    """Which member to correct for a redirect: the base URL if it leads to another host or scheme."""
    return f"correct {'spec.base_url' if urlsplit(place).netloc else f'{where}.path'} in the target file"
