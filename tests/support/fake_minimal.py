"""A payment service with three operations in JSON, and two balances to read; the service of `loadtests/targets/minimal.yaml`.

Its own oddities: `integers` (ids are whole numbers), `204` (settle and reverse answer without a body), `times` (each answer has a
time of its own).
"""

import itertools
import json

from fake_http import Shape, serve
from fake_shop import Refused

KEY = "key-of-the-minimal-fake"
BUILD = "ab" * 32
RELEASE = "shop 1.4.2"


class Minimal(Shape):
    """Holds, captures, voids."""

    odd = ("integers", "204", "times")
    moments = itertools.count(1)

    def admits(self, headers):
        """One API key."""
        return headers.get("Authorization") == f"Bearer {KEY}"

    def respond(self, call):
        """Five routes."""
        match call.method, call.parts:
            case "GET", ["version"]:
                return 200, {"sha256": BUILD}
            case "GET", ["wallets", _]:
                return 200, {"available": str(self.shop.available), "held": str(self.shop.held)}
            case "GET", ["payees", payee]:
                return 200, {"payable": str(self.shop.payable[payee])}
            case "POST", ["holds"]:
                return self._mutate(call, lambda body, _guarded: self._reserve(body))
            case "POST", ["holds", identity, "capture"]:
                return self._mutate(call, lambda body, guarded: self._settle(identity, body, guarded=guarded))
            case "POST", ["holds", identity, "void"]:
                return self._mutate(call, lambda _body, _guarded: self._reverse(identity))
        raise Refused(404, "no_such_path")

    def more_headers(self, call, _value):
        """The release, as a text that is no sha256."""
        return {"X-Release": RELEASE} if call.parts == ["version"] else {}

    def _mutate(self, call, act):
        key = call.headers.get("Idempotency-Key")
        if not key:
            raise Refused(400, "no_key")
        body = json.loads(call.body or b"{}")
        answer = self.shop.once((*call.parts, key), lambda guarded: act(body, guarded))
        if isinstance(answer, Refused):
            raise answer
        status, value = answer
        return status, {**value, "at": next(self.moments)} if "times" in self.ways else value

    def _reserve(self, body):
        amount = body.get("amount")
        if not isinstance(amount, str) or not amount.isdecimal():
            raise Refused(422, "amount_is_no_text_of_digits")
        return 201, self._view(self.shop.reserve(body["payee"], int(amount), body.get("reference")))

    def _settle(self, identity, body, *, guarded):
        amount = body.get("amount")
        payment = self.shop.settle(self._number(identity), None if amount is None else int(amount), guarded=guarded)
        return self._done(payment)

    def _reverse(self, identity):
        return self._done(self.shop.reverse(self._number(identity)))

    def _done(self, payment):
        return (204, None) if "204" in self.ways else (200, self._view(payment))

    def _view(self, payment):
        number = payment["number"]
        return {"id": number if "integers" in self.ways else f"h-{number}", "state": payment["state"], "owner": {"id": "w1"}}

    def _number(self, identity):
        text = identity.removeprefix("h-")
        return int(text) if text.isdecimal() else 0


if __name__ == "__main__":
    serve(Minimal)
