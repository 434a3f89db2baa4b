"""The requests of a preflight in plain words. Pure."""

from collections.abc import Iterable, Iterator

from gates.schema.target import Target
from loadtests.probe.schema import Meaning, Said
from loadtests.run.preflight import Exchange
from loadtests.storm.manners import Manners

_MEANING: dict[str, Meaning] = {"ok": "acknowledged", "fail": "refused", "info": "unknown"}


def said_of(exchanges: Iterable[Exchange], target: Target, manners: Manners) -> Iterator[Said]:
    """Each request with its answer; a path as it is in the target's file, for its variables may be secrets."""
    first: dict[str, Exchange] = {}
    payment_id: str | None = None
    for exchange in exchanges:
        operation = target.operations[exchange.step.operation]
        if exchange.step.operation == "reserve" and not exchange.again:
            payment_id = exchange.end.payment_id
        before = first.setdefault(exchange.step.key, exchange)
        same = difference = None
        if exchange.again:
            same = _outcome(before) == _outcome(exchange)
            difference = None if same else manners.difference(before.answer.body, exchange.answer.body)
        yield Said(
            operation=exchange.step.operation,
            request=f"{operation.method} {operation.path.replace('{payment_id}', payment_id or '{payment_id}')}",
            amount=exchange.step.amount,
            answer=_answer(exchange),
            meaning=_MEANING[exchange.end.type],
            found_id=exchange.end.payment_id if operation.id_pointer else None,
            took_ms=exchange.took_ms,
            again=exchange.again,
            same=same,
            difference=difference,
        )


def _outcome(exchange: Exchange) -> tuple[str, int | None, str | None]:
    """What has to be the same for a repeat; places that the target's file leaves out are not in the digest."""
    return exchange.end.type, exchange.end.status, exchange.end.body_sha256


def _answer(exchange: Exchange) -> str:
    answer, code = exchange.answer, exchange.end.code
    if answer.status is None:
        return f"no answer ({answer.error})"
    return " ".join(filter(None, (str(answer.status), answer.media or "without a media type", f"({code})" if code else "")))
