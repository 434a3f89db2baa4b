"""The simulated rail's HTTP: charge, look up, export the book, and the control routes that decide how it misbehaves."""

import asyncio
import re
from collections import Counter
from typing import Annotated, Literal, NamedTuple
from urllib.parse import parse_qs, unquote

import msgspec
from msgspec import Meta

from gateway.clock import Clock, format_utc
from gateway.ids import Ids
from gateway.rail.simulator.book import Book, Charge, Status
from gateway.rail.simulator.script import ChargeAction, ChargeStep, Cursor, LookUpAction, Script, ScriptProblem, parse_script
from gateway.rail.simulator.webhooks import Messenger

_SLOW_MS = 1000
_KEY = re.compile(r"[!-~]{1,255}")
_BEFORE = {ChargeAction.LOST_REPLY_BEFORE: None, ChargeAction.BAD_GATEWAY_BEFORE: 502}
_AFTER = {ChargeAction.LOST_REPLY_AFTER: None, ChargeAction.BAD_GATEWAY_AFTER: 502}


class ChargeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request to charge."""

    payee: Annotated[str, Meta(min_length=1, max_length=255)]
    amount: Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,14}$")]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where webhooks go; without a secret the one given at the start stays."""

    url: str
    secret: str | None = None


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a charge becomes."""

    status: Literal["succeeded", "failed"]
    reason: str | None = None


class Counts(msgspec.Struct):
    """The requests to this rail since it started. A lost reply is a charge's answer withheld or spoiled."""

    charge_requests: int = 0
    charges: int = 0
    repeats: int = 0
    lost_replies: int = 0
    look_ups: int = 0
    webhooks_sent: int = 0


class Answer(NamedTuple):
    """Status and body; status None drops the connection."""

    status: int | None
    body: bytes = b"{}"
    media_type: str = "application/json"


class Request(NamedTuple):
    """What the routes need of a request."""

    method: str
    path: str
    query: str
    key: str
    body: bytes


class Simulator:
    """The rail: a request in, an answer out."""

    def __init__(self, book: Book, script: Script, messenger: Messenger, clock: Clock, ids: Ids) -> None:
        self.counts = Counts()
        self._requests_by_key: Counter[str] = Counter()
        self._book = book
        self._cursor = Cursor(script)
        self._messenger = messenger
        self._clock = clock
        self._ids = ids
        self._later: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Give up what was to happen later."""
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        await self._messenger.close()

    async def answer(self, request: Request) -> Answer:
        """What happens to one request."""
        match request.method, request.path.split("/")[1:]:
            case "POST", ["charges"]:
                return await self._charge(request)
            case "GET", ["charges", key]:
                return await self._look_up(unquote(key))
            case "POST", ["control", *what]:
                return self._control(tuple(what), request.body)
            case "GET", [*what]:
                return self._read(tuple(what), request.query)
        return _json(404, {"error": "no_such_path"})

    def _read(self, what: tuple[str, ...], query: str) -> Answer:
        if what == ("book",):
            return self._export(query)
        if what == ("control", "counts"):
            self.counts.charges, self.counts.webhooks_sent = self._book.charges(), self._messenger.sent
            return _json(200, self.counts)
        if what == ("control", "asked"):
            return _json(200, self._requests_by_key)
        return _json(200, {"status": "ok"}) if what == ("healthz",) else _json(404, {"error": "no_such_path"})

    async def _charge(self, request: Request) -> Answer:
        try:
            wanted = msgspec.json.decode(request.body, type=ChargeRequest)
        except msgspec.DecodeError as error:
            return _json(400, {"error": "invalid_request", "detail": str(error)})
        if _KEY.fullmatch(request.key) is None:
            return _json(400, {"error": "invalid_request", "detail": "Idempotency-Key"})
        self.counts.charge_requests += 1
        self._requests_by_key[request.key] += 1
        step = self._cursor.charge(wanted.payee)
        if step.action in _BEFORE:
            return self._lose(_BEFORE[step.action])
        if step.action is ChargeAction.SLOW_BEFORE:
            await _pause(step.delay_ms or _SLOW_MS)
        known = None if self._cursor.script.forgets_keys else self._book.find(request.key)
        if known is not None:
            self.counts.repeats += 1
            if (known.payee, known.amount, known.currency) != (wanted.payee, wanted.amount, wanted.currency):
                return _json(409, {"error": "key_reused"})
        return await self._reply(step, known or self._make(step, request.key, wanted), 200 if known else 201)

    async def _reply(self, step: ChargeStep, charge: Charge, status: int) -> Answer:
        """Answer a charge that is in the book, as well or as badly as the step says."""
        if step.action in _AFTER:
            return self._lose(_AFTER[step.action])
        body = msgspec.json.encode(charge)
        if step.action is ChargeAction.GARBLED_AFTER:
            self.counts.lost_replies += 1
            return Answer(200, body[: len(body) // 2])
        if step.action is ChargeAction.SLOW:
            await _pause(step.delay_ms or _SLOW_MS)
        if step.action is ChargeAction.DECLINE:
            await _pause(step.delay_ms)
        return Answer(status, body)

    def _make(self, step: ChargeStep, key: str, wanted: ChargeRequest) -> Charge:
        statuses: dict[ChargeAction, Status] = {
            ChargeAction.DECLINE: "failed",
            ChargeAction.LATE_SUCCESS: "failed",
            ChargeAction.PENDING: "pending",
        }
        status = statuses.get(step.action, "succeeded")
        reason = step.reason if status == "failed" else None
        fields = (key, wanted.payee, wanted.amount, wanted.currency, status, reason)
        charge = Charge(f"chg_{self._ids.suffix()}", *fields, format_utc(self._clock()))
        self._book.add(charge)
        reported: tuple[Status, ...] = ("pending",) if status == "pending" else ("pending", status)
        self._messenger.send(charge, reported, step.webhook or self._cursor.script.webhook)
        if step.action in (ChargeAction.PENDING, ChargeAction.LATE_SUCCESS) and step.delay_ms:
            task = asyncio.get_running_loop().create_task(self._decide_later(key, step), name="rail-later")
            self._later.add(task)
            task.add_done_callback(self._later.discard)
        return charge

    async def _decide_later(self, key: str, step: ChargeStep) -> None:
        await _pause(step.delay_ms)
        self._decide(key, Verdict("succeeded"), step)

    def _decide(self, key: str, verdict: Verdict, step: ChargeStep | None = None) -> Charge | None:
        reason = (verdict.reason or "declined") if verdict.status == "failed" else None
        charge = self._book.decide(key, verdict.status, reason, format_utc(self._clock()))
        if charge is not None:
            self._messenger.send(charge, (charge.status,), (step.webhook if step else None) or self._cursor.script.webhook)
        return charge

    async def _look_up(self, key: str) -> Answer:
        self.counts.look_ups += 1
        self._requests_by_key[key] += 1
        step = self._cursor.look_up()
        if step.action is LookUpAction.LOST_REPLY:
            return Answer(None)
        if step.action is LookUpAction.BAD_GATEWAY:
            return Answer(502, b"<html>bad gateway</html>", "text/html")
        if step.action is LookUpAction.SLOW:
            await _pause(step.delay_ms or _SLOW_MS)
        charge = None if step.action is LookUpAction.NEVER_SEEN else self._book.find(key)
        return _json(404, {"error": "never_seen", "key": key}) if charge is None else _json(200, charge)

    def _export(self, query: str) -> Answer:
        given = parse_qs(query)
        after, limit = (given.get(name, [default])[0] for name, default in (("after", "0"), ("limit", "1000")))
        if not (after.isdecimal() and limit.isdecimal()):
            return _json(400, {"error": "invalid_request", "detail": "after and limit are numbers"})
        lines = self._book.lines(int(after), min(int(limit), 10_000))
        return Answer(200, msgspec.json.Encoder().encode_lines(lines), "application/x-ndjson")

    def _control(self, what: tuple[str, ...], body: bytes) -> Answer:
        try:
            match what:
                case ("script",):
                    self._cursor = Cursor(parse_script(body))
                    return _json(200, self._cursor.script)
                case ("webhooks",):
                    target = msgspec.json.decode(body, type=Target)
                    self._messenger.url, self._messenger.secret = target.url, target.secret or self._messenger.secret
                    return _json(200, {"url": target.url})
                case ("charges", key):
                    charge = self._decide(unquote(key), msgspec.json.decode(body, type=Verdict))
                    return _json(409, {"error": "nothing_to_change"}) if charge is None else _json(200, charge)
        except (ScriptProblem, msgspec.DecodeError) as error:
            return _json(400, {"error": "invalid_request", "detail": str(error)})
        return _json(404, {"error": "no_such_path"})

    def _lose(self, status: int | None) -> Answer:
        self.counts.lost_replies += 1
        return Answer(status, b"<html>bad gateway</html>", "text/html")


def _json(status: int, value: object) -> Answer:
    return Answer(status, msgspec.json.encode(value))


async def _pause(delay_ms: int) -> None:
    await asyncio.sleep(delay_ms / 1000)
