"""The server side of sign-in for many simulated users: admission, handlers, store and mail worker on one simulated clock.

No HTTP and no waiting: a request is admitted and decoded as the HTTP layer does, and decided in a transaction of its own.
"""

import asyncio
import datetime as dt
import hashlib
import re
from collections import Counter
from functools import partial
from ipaddress import ip_network
from random import Random

import msgspec
from mail_server import CODE

from gateway import routes
from gateway.access.mail.delivery import SENT, Delivered, MailCode, Outcome
from gateway.access.mail.health import MailHealth
from gateway.access.mail.loop import MAILING, MailLoop
from gateway.access.mail.worker import MailContext, run_once
from gateway.api.admission import Doorkeeper
from gateway.api.headers import Headers
from gateway.api.mutations import Intake
from gateway.api.networks import Networks
from gateway.api.trail import Trail
from gateway.clock import format_utc
from gateway.command_line.demo_money import fund
from gateway.command_line.house import make_house_key
from gateway.engine.engine import Engine
from gateway.errors import CATALOGUE, Refused
from gateway.ids import CountingIds
from gateway.mailing import MailMode
from gateway.settings import Settings

START = dt.datetime(2026, 12, 1, 8, 0, tzinfo=dt.UTC)
PROXY = ip_network("10.0.0.0/8")


class Mailbox:
    """A delivery into everybody's mailbox; while it is down no mail leaves."""

    def __init__(self, rng: Random) -> None:
        self.rng, self.down = rng, False
        self.codes: dict[str, list[str]] = {}
        self.sent = Counter()

    async def send(self, mail):
        """Into the mailbox, unless mail is down, or this mail is refused for now."""
        if self.down:
            return Delivered(Outcome.DOWN, MailCode.TIMEOUT)
        if self.rng.random() < 0.02:
            return Delivered(Outcome.LATER, MailCode.MAIL_REFUSED)
        self.sent[mail.mail_id] += 1
        [code] = re.findall(CODE, mail.content.decode())
        self.codes.setdefault(mail.recipient, []).append(code)
        return SENT

    async def probe(self):
        """Whether mail leaves."""
        return Delivered(Outcome.DOWN, MailCode.TIMEOUT) if self.down else SENT


class QuietEngine(Engine):
    """An engine without an event loop: what it would do in the background is done at once."""

    def see_session(self, session_id):
        """Write the use of a session."""
        self.decide(lambda tx, ctx: tx.access.sessions.see(session_id, ctx.now_text))

    def decide(self, request):
        """One request or chore in a transaction of its own; what came of it."""
        connection = self._store._writer
        connection.execute("BEGIN IMMEDIATE")
        try:
            (result,) = self._decide([request])
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        return result


class Asked(msgspec.Struct, frozen=True):
    """One request and its answer, for the checks afterwards."""

    at: dt.datetime
    kind: str
    status: int
    outcome: str
    network: str
    replayed: bool
    ids: tuple[str, ...]
    body: dict
    answer: dict


class World:
    """A gateway, its clock and its mail."""

    def __init__(self, folder, seed: int) -> None:
        self.now, self.rng = START, Random(seed)  # noqa: S311  # a simulation's seed
        self.steady = 1000.0
        self.settings = Settings(
            db=folder / "gateway.db",
            clock=lambda: self.now,
            steady_clock=lambda: self.steady,
            ids=CountingIds(),
            trusted_proxies=(PROXY,),
        )
        self.engine = QuietEngine.open(self.settings)
        self.engine._store._writer.execute("PRAGMA synchronous = OFF")
        self.mailbox = Mailbox(Random(seed + 1))  # noqa: S311  # a simulation's seed
        self.health = MailHealth(MailMode.SMTP, self.settings.now_text, lambda _: None)
        self.context = MailContext(
            self.mailbox, self.health, self._chore, self.engine._access_key, "gateway@example.com", lambda: self.now
        )
        self.engine._mail = MailLoop(self.context, lambda: True)
        self.door = Doorkeeper(self.engine, lambda: self.steady, lambda: None)
        networks = Networks((PROXY,))
        self.intakes = {route.kind: Intake(route, self.door, 65_536, networks) for route in routes.MUTATIONS}
        self.log: list[Asked] = []
        self.whose: dict[str, str] = {}
        """The address that each challenge's code was promised to."""
        self.runner = asyncio.Runner()
        self.trace = hashlib.sha256()
        self.requests = self._queued = 0
        self.house_key = make_house_key(self.settings, "house_operator", "operator", "the crowd")[1].key

    async def _chore(self, chore):
        return self.engine.decide(chore)

    def close(self) -> None:
        """End it."""
        self.runner.run(self.engine.drain())
        self.runner.close()

    def pass_time(self, until: dt.datetime) -> None:
        """Let the clock go on; on the way the mail worker and the tidying do their work."""
        while self.now < until:
            due = self.engine._reads.rows.access.mails.next_due()
            step = min(until, self.now + dt.timedelta(seconds=5)) if due else until
            self.steady += (step - self.now).total_seconds()
            self.now = step
            self.work_mail()

    def work_mail(self) -> None:
        """What the mail loop does in a round: probe while mail is down, else send what is due."""
        if not self.health.state.healthy:
            self.health.probed(self.runner.run(self.mailbox.probe()))
        elif (self.engine._reads.rows.access.mails.next_due() or "~") <= self.settings.now_text():
            self.runner.run(run_once(self.context))

    def tidy(self, *, to_the_end: bool = False) -> None:
        """One round of tidying, or as many as there is something to do for."""
        while sum(self.engine.decide(chore) for chore in (self.engine._purge, self.engine._purge_access)) and to_the_end:
            pass

    def _mails(self, kind: str) -> int:
        """How many mails there are, where the request may queue one: counting takes time."""
        if kind not in MAILING:
            return 0
        return self.engine._store._writer.execute("SELECT count(*) FROM mails").fetchone()[0]

    def queued(self) -> int:
        """How many mails were ever queued."""
        return self._queued

    def ask(
        self, kind: str, body: dict, *, token: str = "", network: str = "198.51.100.7", key: str = "", ids=(), address: str = ""
    ) -> Asked:
        """One request; the key is fresh unless given. `address` is whom a code will be mailed to."""
        self.requests += 1
        sent_key = key or f"crowd-{self.requests:012d}"
        pairs = [("content-type", "application/json"), ("idempotency-key", sent_key), ("x-forwarded-for", network)]
        pairs += [("authorization", f"Bearer {token}")] if token else []
        headers = Headers.of_asgi([(name.encode(), value.encode()) for name, value in pairs])
        intake, trail = self.intakes[kind], Trail(f"request-{self.requests}", "POST", kind, 0.0)
        raw = msgspec.json.encode(body)
        replayed, before = False, self._mails(kind)
        try:
            principal = intake.admit({"client": ("10.0.0.1", 1)}, headers, trail)
            mutation = intake.mutation(headers, trail, principal, raw, tuple(ids))
            decided = self.engine.decide(mutation)
            status, answer, outcome, replayed = (
                decided.status,
                msgspec.json.decode(decided.body),
                decided.outcome,
                decided.replayed,
            )
            if intake.route.revokes and status < 400:
                self.door.forget()
        except Refused as refused:
            code = refused.refusal.code
            status, answer, outcome = CATALOGUE[code].status, {"code": code.value, "detail": refused.refusal.detail}, code.value
        self._queued += self._mails(kind) - before
        asked = Asked(self.now, kind, status, outcome, network, replayed, tuple(ids), body, answer)
        self.log.append(asked)
        if status == 202 and "sign_in_id" in answer and not replayed:
            self.whose.setdefault(answer["sign_in_id"], address.lower())
        self.trace.update(f"{self.now.isoformat()} {kind} {status} {outcome}\n".encode())
        return asked

    # --- what the house and the users' own eyes do ---

    def house(self, kind: str, body: dict, *ids: str) -> Asked:
        """A request of the house's operator."""
        return self.ask(kind, body | {"reason": "the crowd"}, token=self.house_key, network="192.0.2.1", ids=ids)

    def hand_out(self) -> str:
        """A bootstrap key with a tenant of its own, or one that is long used or never was; "" where the house makes none."""
        roll = self.rng.random()
        if roll < 0.1:
            return "gnb_" + "x" * 43
        made = self.house("make_bootstrap_key", {"tenant_name": "handed out", "roles": ["agent", "tenant_admin"]})
        if made.status != 201:
            return ""
        key = made.answer["key"]
        if roll < 0.2:
            self.ask("bootstrap", {"agent_id": "somebody-else"}, token=key)
        return key

    def code_for(self, address: str, sign_in_id: str) -> str | None:
        """What the user types: the newest code in the mailbox, whichever sign-in it is for; None for an empty one."""
        assert sign_in_id, "the user has started something"
        codes = self.mailbox.codes.get(address.lower())
        return codes[-1] if codes else None

    def wait_for_code(self, address: str, sign_in_id: str) -> str | None:
        """The code of this very challenge, for which the user waits a minute at most."""
        code = self.engine._access_key.code(sign_in_id)
        for _ in range(6):
            self.pass_time(self.now + dt.timedelta(seconds=10))
            if code in self.mailbox.codes.get(address.lower(), ()):
                return code
        return None

    def demo_money(self, tenant_id: str, wallet_id: str) -> bool:
        """Fund a wallet of a tenant that the house labels as simulated; whether it could be."""
        label = self.house("set_cohort", {"cohort": "simulated"}, tenant_id)
        return label.status in (200, 201) and self.engine.decide(partial(_fund, tenant_id=tenant_id, wallet_id=wallet_id))

    def most_sessions(self) -> int:
        """The most sessions that count now for one person."""
        sql = """
        SELECT coalesce(max(n), 0) FROM (
          SELECT count(*) AS n FROM sessions WHERE ended_at IS NULL AND expires_at > ?1 AND seen_at > ?2 GROUP BY person_id)
        """
        since = format_utc(self.now - dt.timedelta(minutes=30))
        return self.engine._store._writer.execute(sql, (self.settings.now_text(), since)).fetchone()[0]

    def waiting(self) -> list[str]:
        """Who waits to be admitted, longest first."""
        return [row.person_id for row in self.engine._reads.rows.access.house.waiting_list(10)]

    def keys_of(self, tenant_id: str) -> list[str]:
        """The keys of a tenant that work."""
        rows = self.engine._reads.rows.access.api_keys.of_tenant(tenant_id, 10)
        return [row.key_id for row in rows if row.revoked_at is None]


def _fund(tx, ctx, *, tenant_id, wallet_id):
    wallet = tx.wallet(tenant_id, wallet_id)
    if wallet is None:
        return False
    fund(tx, tenant_id, wallet, 10_000, (ctx.now_text, ctx.ids))
    return True
