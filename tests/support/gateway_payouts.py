"""A desk with a rail: payouts are asked for, workers run one round at a time, and the clock is set by hand.

The rail is late only where its script says so: its seconds and the callers' are those of an idle clock.
"""

import asyncio
import base64
import datetime as dt
from pathlib import Path

import msgspec
from gateway_desk import Desk
from idle_clock import IdleClockLoop

from gateway.commands import CreatePayout, Principal, Reserve, ReviewPayout, Settle
from gateway.ids import CountingIds
from gateway.payouts.steps import store_event
from gateway.payouts.workers import BATCH, RailContext, Timing, inbox, outbox, resolver
from gateway.rail.breaker import Breaker
from gateway.rail.simulator.in_process import SimulatedRail
from gateway.rail.simulator.script import Script
from gateway.routes import CREATE_PAYOUT, RESERVE, REVIEW_PAYOUT, SETTLE
from gateway.store.payout_rows import RailEventRow
from gateway.views import payout_view

PATIENCE_S = 5.0
OWED = 10_000
"""Minor units that the first payee is owed when a test begins."""

AMOUNT = 1000
ENDS_WELL = (
    "ok",
    "slow",
    "slow_before",
    "lost_reply_before",
    "lost_reply_after",
    "bad_gateway_before",
    "bad_gateway_after",
    "garbled_after",
)
PAID = {"payable": OWED - AMOUNT, "paying": 0}
ASIDE = {"payable": OWED - AMOUNT, "paying": AMOUNT}


async def work(worker, desk: RailContext, limit: int = BATCH) -> int:
    """One round of a worker, until all of its calls have ended; how many there were."""
    calls = await worker(desk, limit)
    for error in await asyncio.gather(*calls, return_exceptions=True):
        if error is not None:
            raise error
    return len(calls)


class RailIds(CountingIds):
    """Counted ids of the rail, which is another house."""


class PayoutDesk:
    """One tenant whose first payee is owed money, a scripted rail, and the three workers."""

    def __init__(self, folder: Path) -> None:
        self.desk = Desk(folder)
        self.desk.has_rail = True
        self.tenant = self.desk.demo.tenant_id
        self.payee = self.desk.demo.payee_ids[0]
        self.monotonic_s = 0.0
        self.rail = SimulatedRail(folder / "rail.db", Script(), self.clock, RailIds(), answer_s=0.05)
        self.breaker = Breaker(lambda: self.monotonic_s, failures=1000)
        self._keys = 0
        self._runner = asyncio.Runner(loop_factory=IdleClockLoop)
        reserved = self.desk.ask(RESERVE, Reserve(self.desk.demo.wallet_id, self.payee, str(OWED), "USD"), "owe")
        self.desk.ask(SETTLE, Settle(), "owe-settle", msgspec.json.decode(reserved.body)["payment"]["payment_id"])

    def clock(self) -> dt.datetime:
        """The desk's time, which is the rail's too."""
        return self.desk.now

    def close(self) -> None:
        """End it."""
        self._runner.run(self.rail.close())
        self._runner.close()
        self.desk.connection.close()

    def script(self, **spec: object) -> None:
        """Replace the rail's script."""
        answer = self._runner.run(self.rail._client.post("/control/script", content=msgspec.json.encode(spec)))
        assert answer.status_code == 200, answer.text

    def control(self, rail_key: str, status: str) -> None:
        """Let the rail change its mind about a charge."""
        body = msgspec.json.encode({"status": status})
        answer = self._runner.run(self.rail._client.post(f"/control/charges/{rail_key}", content=body))
        assert answer.status_code == 200, answer.text

    def pay(self, amount: int = 1000, key: str | None = None) -> dict[str, object]:
        """Ask for a payout; the answer's payout."""
        self._keys += 1
        answer = self.desk.ask(CREATE_PAYOUT, CreatePayout(self.payee, str(amount), "USD"), key or f"payout-{self._keys}")
        assert answer.status == 202, answer.body
        return msgspec.json.decode(answer.body)["payout"]

    def review(
        self, payout_id: str, operator: str, outcome: str, person_id: str | None = "by name"
    ) -> tuple[int, dict[str, object]]:
        """What an operator's word leads to."""
        self._keys += 1
        person_id = f"per_{operator}" if person_id == "by name" else person_id
        who = Principal(self.tenant, f"key-{operator}", "operator", operator, person_id=person_id)
        command = ReviewPayout(outcome, "statement of the bank")
        answer = self.desk.ask(REVIEW_PAYOUT, command, f"review-{self._keys}", payout_id, principal=who)
        return answer.status, msgspec.json.decode(answer.body)

    def event(self, event_id: str, rail_key: str, status: str) -> bool:
        """Deliver an event of the rail; False if it was known."""
        row = RailEventRow(event_id, rail_key, f"charge.{status}", status, b"{}", 0)
        return self.desk.chore(lambda tx, ctx: store_event(tx, ctx, row)) is True

    def workers(self, run_chore=None) -> RailContext:
        """What a worker needs; `run_chore` stands between it and the database where a test lets it die."""

        async def plain(chore):
            return self.desk.chore(chore)

        return RailContext(self.rail, run_chore or plain, self.breaker, Timing(lease_s=20.0, patience_s=PATIENCE_S))

    def round(self, seconds: float = 0, run_chore=None) -> tuple[int, int, int]:
        """Let time pass, then run each worker once; how much the outbox, the inbox and the resolver had to do.

        Within the seconds that a worker is patient, a request that was under way arrives.
        """
        if seconds >= PATIENCE_S:
            self._runner.run(self.rail.transport.quiet())
        self.desk.now += dt.timedelta(seconds=seconds)
        self.monotonic_s += seconds
        shared = self.workers(run_chore)
        return tuple(self._runner.run(work(worker, shared)) for worker in (outbox, inbox, resolver))

    def run_until(self, payout_id: str, *states: str, rounds: int = 40) -> str:
        """Rounds of a minute each until the payout is in one of the states (or there are no more rounds); its state."""
        for _ in range(rounds):
            if self.view(payout_id).state in states:
                break
            self.round(61)
        return self.view(payout_id).state

    def run(self, work):
        """The result of a coroutine."""
        return self._runner.run(work)

    def view(self, payout_id: str):
        """The payout as its tenant sees it."""
        payouts, row = self.desk.reads.rows.payouts, self.desk.reads.payout(self.tenant, payout_id)
        return payout_view(row, payouts.reviews(self.tenant, payout_id), payouts.items(self.tenant, payout_id))

    def balances(self) -> dict[str, int]:
        """Every account of the tenant that is not a wallet's, by the last part of its name."""
        rows = self.desk.connection.execute("SELECT name, balance FROM accounts WHERE tenant_id = ?", (self.tenant,)).fetchall()
        assert sum(balance for _, balance in rows) == 0, "money is neither made nor lost"
        return {name.rsplit("/", 1)[1]: balance for name, balance in rows if self.payee in name or name == "system/suspense"}

    def charged(self) -> list[tuple[str, str]]:
        """Key and amount of every charge that the rail's own book has as succeeded."""
        return [(line.key, line.amount) for line in self.rail.book.lines(0, 1000) if line.status == "succeeded"]


def receipts(counter, payout_id):
    """The payloads of a payout's receipts, in order."""
    items = counter.desk.receipts(payout_id)
    return [msgspec.json.decode(base64.b64decode(item.envelope.payload)) for item in items]


def in_review(counter, *, paid):
    """A payout that the rail would not explain."""
    action = "lost_reply_after" if paid else "lost_reply_before"
    counter.script(charges=[{"action": action, "times": 0}], look_ups=[{"action": "bad_gateway", "times": 0}])
    payout = counter.pay()
    assert counter.run_until(payout["payout_id"], "manual_review") == "manual_review"
    return payout
