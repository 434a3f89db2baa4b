"""Handlers of the routes that only read, and the dry run, which decides without writing."""

from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Request
from litestar.types import ASGIApp, Scope
from msgspec import UNSET
from msgspec.structs import replace

from gateway.api.admission import ID_PATTERN, Doorkeeper, path_digest, path_ids, path_key
from gateway.api.body import BodyDecoder, read_body
from gateway.api.contract_row import NDJSON
from gateway.api.cursors import seal, unseal
from gateway.api.headers import Headers, check_json
from gateway.api.mutations import Handler
from gateway.api.queries import LedgerQuery, PageQuery, PaymentsQuery, Query, ReceiptsQuery, read_query
from gateway.api.reply import JSON, Reply, Silence, json_reply, problem_reply
from gateway.api.trail import trail_of
from gateway.commands import Principal, Reserve
from gateway.engine.service import Service
from gateway.errors import Refused
from gateway.routes import (
    DRY_RUN,
    GET_KEY,
    GET_PAYEE,
    GET_PAYMENT,
    GET_PAYOUT,
    GET_POLICY,
    GET_RECEIPT,
    GET_WALLET,
    LEDGER,
    LIST_PAYEES,
    LIST_PAYMENTS,
    LIST_PAYOUTS,
    LIST_RECEIPTS,
    LIST_WALLETS,
    STATUS,
    Route,
)
from gateway.routes.access import GET_ME
from gateway.routes.house import FUNNEL, WAITLIST
from gateway.routes.keys import LIST_KEYS

_JOURNAL_POSITION = "[1-9][0-9]{0,17}"
"""Every such number is one to SQLite."""


class Call(msgspec.Struct, frozen=True):
    """One read, checked as far as its route and role go."""

    engine: Service
    principal: Principal
    scope: Scope
    query: Query


def _payment(call: Call) -> Reply:
    return json_reply(call.engine.payment(call.principal, *path_ids(call.scope)))


def _payments(call: Call) -> Reply:
    assert isinstance(call.query, PaymentsQuery)
    query, listing = call.query, (LIST_PAYMENTS.kind, "" if call.query.state is UNSET else call.query.state)
    waiting = query.state is not UNSET
    page = call.engine.payments(call.principal, unseal(query.cursor, *listing, form=ID_PATTERN), query.limit, waiting=waiting)
    return json_reply(replace(page, next_cursor=seal(page.next_cursor, *listing)))


def _wallet(call: Call) -> Reply:
    return json_reply(call.engine.wallet(call.principal, *path_ids(call.scope)))


def _payee(call: Call) -> Reply:
    return json_reply(call.engine.payee(call.principal, *path_ids(call.scope)))


def _receipt(call: Call) -> Reply:
    return json_reply(call.engine.receipt(call.principal, *path_ids(call.scope)))


def _receipts(call: Call) -> Reply:
    query = call.query
    assert isinstance(query, ReceiptsQuery)
    payment_id = None if query.payment_id is UNSET else query.payment_id
    listing = (LIST_RECEIPTS.kind, payment_id or "")
    after = unseal(query.cursor, *listing, form=_JOURNAL_POSITION)
    page = call.engine.receipts(call.principal, payment_id, after, query.limit)
    return json_reply(replace(page, next_cursor=seal(page.next_cursor, *listing)))


def _key(call: Call) -> Reply:
    return json_reply(call.engine.key(call.principal, path_key(call.scope)))


def _ledger(call: Call) -> Reply:
    assert isinstance(call.query, LedgerQuery)
    lines = call.engine.ledger(call.principal, call.query.after, call.query.limit)
    return Reply(200, msgspec.json.Encoder().encode_lines(lines), NDJSON)


def _policy(call: Call) -> Reply:
    """The stored bytes themselves: their sha256 is the hash in the path, so that nobody has to believe us."""
    return Reply(200, call.engine.policy(call.principal, path_digest(call.scope)), JSON)


def _status(call: Call) -> Reply:
    return json_reply(call.engine.status(call.principal))


def _payout(call: Call) -> Reply:
    return json_reply(call.engine.payout(call.principal, *path_ids(call.scope)))


def _payouts(call: Call) -> Reply:
    assert isinstance(call.query, PageQuery)
    cursor = unseal(call.query.cursor, LIST_PAYOUTS.kind, form=ID_PATTERN)
    page = call.engine.payouts(call.principal, cursor, call.query.limit)
    return json_reply(replace(page, next_cursor=seal(page.next_cursor, LIST_PAYOUTS.kind)))


def _keys(call: Call) -> Reply:
    return json_reply(call.engine.keys(call.principal))


def _waitlist(call: Call) -> Reply:
    return json_reply(call.engine.waitlist())


def _funnel(call: Call) -> Reply:
    assert isinstance(call.query, LedgerQuery)
    lines = call.engine.funnel(call.query.after, call.query.limit)
    return Reply(200, msgspec.json.Encoder().encode_lines(lines), NDJSON)


def _wallets(call: Call) -> Reply:
    assert isinstance(call.query, PageQuery)
    cursor = unseal(call.query.cursor, LIST_WALLETS.kind, form=ID_PATTERN)
    page = call.engine.wallets(call.principal, cursor, call.query.limit)
    return json_reply(replace(page, next_cursor=seal(page.next_cursor, LIST_WALLETS.kind)))


def _payees(call: Call) -> Reply:
    assert isinstance(call.query, PageQuery)
    cursor = unseal(call.query.cursor, LIST_PAYEES.kind, form=ID_PATTERN)
    page = call.engine.payees(call.principal, cursor, call.query.limit)
    return json_reply(replace(page, next_cursor=seal(page.next_cursor, LIST_PAYEES.kind)))


def _me(call: Call) -> Reply:
    return json_reply(call.engine.me(call.principal))


_READERS: dict[str, Callable[[Call], Reply]] = {
    GET_PAYMENT.kind: _payment,
    LIST_PAYMENTS.kind: _payments,
    GET_WALLET.kind: _wallet,
    GET_PAYEE.kind: _payee,
    GET_RECEIPT.kind: _receipt,
    LIST_RECEIPTS.kind: _receipts,
    GET_KEY.kind: _key,
    LEDGER.kind: _ledger,
    STATUS.kind: _status,
    GET_PAYOUT.kind: _payout,
    LIST_PAYOUTS.kind: _payouts,
    GET_POLICY.kind: _policy,
    LIST_KEYS.kind: _keys,
    WAITLIST.kind: _waitlist,
    FUNNEL.kind: _funnel,
    LIST_WALLETS.kind: _wallets,
    LIST_PAYEES.kind: _payees,
    GET_ME.kind: _me,
}


def read_handler(route: Route, engine: Service, door: Doorkeeper) -> Handler:
    """The handler of one reading route."""
    reader = _READERS[route.kind]

    async def handle(request: Request[Any, Any, Any]) -> ASGIApp:
        scope = request.scope
        trail = trail_of(scope)
        try:
            principal = door.admit(route, Headers.of_asgi(scope["headers"]), trail)
            return reader(Call(engine, principal, scope, read_query(route.kind, scope["query_string"])))
        except Refused as refused:
            return problem_reply(refused.refusal, trail.request_id)

    return handle


def dry_run_handler(engine: Service, door: Doorkeeper, body_limit: int) -> Handler:
    """The policy's word on a payment that nobody makes; it needs no idempotency key."""
    decoder = BodyDecoder(Reserve)

    async def handle(request: Request[Any, Any, Any]) -> ASGIApp:
        scope = request.scope
        trail = trail_of(scope)
        try:
            headers = Headers.of_asgi(scope["headers"])
            principal = door.admit(DRY_RUN, headers, trail)
            body = await read_body(headers, request.receive, body_limit)
            if body is None:
                return Silence()
            if body:
                check_json(headers)
            command, _ = decoder.decode(body)
            read_query(DRY_RUN.kind, scope["query_string"])
            return json_reply(engine.dry_run(principal, command))
        except Refused as refused:
            return problem_reply(refused.refusal, trail.request_id)

    return handle
