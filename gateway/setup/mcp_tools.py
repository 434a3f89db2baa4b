"""What an agent can do through its host: five tools, none of which moves money beyond the key's policy."""

import hashlib
from collections.abc import Callable

import msgspec

from gateway.setup.client import Gateway, Refusal, Refused
from gateway.setup.failures import SetupProblem

Result = dict[str, object]


class ToolFailed(Exception):
    """The text that a tool's caller reads: code, what is wrong, next step."""


class Tools:
    """The tools. The gateway is opened with the first call: a host starts its servers before anybody has set a key."""

    def __init__(self, connect: Callable[[], Gateway]) -> None:
        self._connect = connect
        self._gateway: Gateway | None = None

    async def status(self) -> Result:
        """The gateway's mode in words: whether it takes payments now, and its build."""
        return await self._read("/v1/status")

    async def dry_run(self, wallet_id: str, payee_id: str, amount: str, currency: str) -> Result:
        """What the policy would say to a payment; nothing is reserved. `amount` is in minor units: 12.50 USD is "1250"."""
        body = {"wallet_id": wallet_id, "payee_id": payee_id, "amount": amount, "currency": currency}
        try:
            return await self._open().decide("/v1/policies/dry-run", body)
        except (Refused, SetupProblem) as error:
            raise ToolFailed(_text(error)) from None

    async def pay(self, reference: str, wallet_id: str, payee_id: str, amount: str, currency: str, purpose: str = "") -> Result:
        """Reserve and settle one payment. `reference` names this purchase: the same reference never pays twice.

        If the outcome is `unknown`, call again with the same reference and the same values. `amount` is in minor units.
        """
        body = {"wallet_id": wallet_id, "payee_id": payee_id, "amount": amount, "currency": currency}
        body |= {"purpose": purpose} if purpose else {}
        try:
            reserved = await self._open().decide("/v1/payments", body, _key("reserve", reference))
            payment = msgspec.convert(reserved["payment"], dict[str, object])
            if payment["state"] == "approval_required":
                return {
                    "outcome": "waits_for_approval",
                    "payment_id": payment["payment_id"],
                    "receipt_id": reserved["receipt_id"],
                }
            path = f"/v1/payments/{payment['payment_id']}/settle"
            settled = await self._open().decide(path, {}, _key("settle", reference))
        except Refused as refused:
            return _refused(refused.refusal)
        except SetupProblem as problem:
            return {"outcome": "unknown" if problem.code == "call_unknown" else "not_sent", **_problem(problem)}
        return {"outcome": "settled", "payment_id": payment["payment_id"], "receipt_id": settled["receipt_id"]}

    async def payment(self, payment_id: str) -> Result:
        """A payment: its state and its amounts."""
        return await self._read(f"/v1/payments/{_id(payment_id)}")

    async def receipt(self, receipt_id: str) -> Result:
        """A signed receipt as it is stored: `gonogo receipt verify` checks it offline."""
        return await self._read(f"/v1/receipts/{_id(receipt_id)}")

    async def close(self) -> None:
        """Close what was opened."""
        if self._gateway is not None:
            await self._gateway.close()

    def _open(self) -> Gateway:
        if self._gateway is None:
            self._gateway = self._connect()
        return self._gateway

    async def _read(self, path: str) -> Result:
        try:
            return await self._open().read(path)
        except (Refused, SetupProblem) as error:
            raise ToolFailed(_text(error)) from None


def _id(value: str) -> str:
    if not value.isascii() or not value.replace("_", "").isalnum():
        raise ToolFailed(f"not_found: {value[:80]!r} is no id")
    return value


def _key(step: str, reference: str) -> str:
    """The idempotency key of a step: the same reference gives the same one, in every process and after every restart."""
    if not reference.strip():
        raise ToolFailed("invalid_request: reference is empty; name the purchase, such as an order number")
    return f"mcp-{step}-{hashlib.sha256(reference.encode()).hexdigest()[:40]}"


def _refused(refusal: Refusal) -> Result:
    outcome = {"yes": "moved", "unknown": "unknown"}.get(refusal.money_moved, "refused")
    return {
        "outcome": outcome,
        "code": refusal.code,
        "detail": refusal.detail,
        "reasons": list(refusal.reasons),
        "next_step": refusal.next_step,
    }


def _problem(problem: SetupProblem) -> Result:
    return {"code": problem.code.value, "detail": problem.detail, "next_step": problem.row.next.text}


def _text(error: Refused | SetupProblem) -> str:
    if isinstance(error, Refused):
        return f"{error.refusal.code}: {error.refusal.detail}; next: {error.refusal.next_step}"
    return f"{error.code}: {error.detail}; next: {error.row.next.text}"
