"""A payment service that lists its settlements as JSON, page by page; the service of `loadtests/targets/listed.yaml`.

Amounts are decimals as text, ids are texts. Its own oddities: `integers` (ids are whole numbers), `floats` (amounts are numbers
with a fraction), `204` (settle and cancel answer without a body).
"""

import json
from decimal import Decimal

from fake_http import Shape, serve
from fake_shop import Refused

KEY = "key-of-the-listed-fake"
BUILD = "cd" * 32
SIZE = 7


class Listed(Shape):
    """Payments, settles, cancels, refunds, and the list of settlements."""

    odd = ("integers", "floats", "204")

    def admits(self, headers):
        """An API key in a header of its own."""
        return headers.get("X-Api-Key") == KEY

    def respond(self, call):
        """Eight routes."""
        if call.method == "GET":
            return 200, self._read(call)
        match call.method, call.parts:
            case "POST", ["payments"]:
                return self._mutate(call, lambda body, _key, _guarded: self._reserve(body))
            case "POST", ["payments", identity, "settle"]:
                return self._mutate(call, lambda body, key, guarded: self._settle(identity, body, key, guarded=guarded))
            case "POST", ["payments", identity, "cancel"]:
                return self._mutate(call, lambda _body, _key, _guarded: self._reverse(identity, "held"))
            case "POST", ["payments", identity, "refund"]:
                return self._mutate(call, lambda _body, _key, _guarded: self._reverse(identity, "captured"))
        raise Refused(404, "no_such_path")

    def _read(self, call):
        match call.parts:
            case ["version"]:
                return {"build": {"sha256": BUILD}}
            case ["settlements"]:
                return self._page(int(call.query.get("page", "1")))
            case ["wallets", _]:
                return {"available": str(self.shop.available), "held": str(self.shop.held)}
            case ["payees", payee]:
                return {"payable": str(self.shop.payable[payee])}
        raise Refused(404, "no_such_path")

    def _mutate(self, call, act):
        key = call.headers.get("Idempotency-Key")
        if not key:
            raise Refused(400, "no_key")
        body = json.loads(call.body or b"{}", parse_float=Decimal)
        answer = self.shop.once((*call.parts, key), lambda guarded: act(body, key, guarded))
        if isinstance(answer, Refused):
            raise answer
        return answer

    def _reserve(self, body):
        return 201, {"payment": self._view(self.shop.reserve(body["to"], self._minor(body["amount"]), body.get("reference")))}

    def _settle(self, identity, body, key, *, guarded):
        return self._done(self.shop.settle(self._number(identity), self._minor(body["amount"]), guarded=guarded, key=key))

    def _reverse(self, identity, state):
        payment = self.shop.payment(self._number(identity))
        if payment["state"] != state:
            raise Refused(409, f"is_{payment['state']}")
        return self._done(self.shop.reverse(payment["number"]))

    def _done(self, payment):
        return (204, None) if "204" in self.ways else (200, {"payment": self._view(payment)})

    def _page(self, number):
        """One page of the settlements, the oldest first; a page after the last one is empty."""
        items = [
            {
                "id": f"s-{payment['number']}-{count}",
                "payment_id": self._identity(payment["number"]),
                "amount": self._decimal(capture["amount"]),
                "status": "refunded" if payment["state"] == "refunded" else "settled",
                "idempotency_key": capture["key"],
                "currency": "EUR",
            }
            for payment in list(self.shop.payments.values())
            for count, capture in enumerate(payment["captures"], 1)
        ]
        return {"settlements": items[(number - 1) * SIZE : number * SIZE], "page": number}

    def _minor(self, amount):
        wanted = Decimal if "floats" in self.ways else str
        if not isinstance(amount, wanted) and not (wanted is Decimal and isinstance(amount, int)):
            raise Refused(422, f"amount_is_no_{wanted.__name__.lower()}")
        return int(Decimal(amount) * 100)

    def _decimal(self, minor):
        return minor / 100 if "floats" in self.ways else f"{Decimal(minor) / 100:.2f}"

    def _view(self, payment):
        return {"id": self._identity(payment["number"]), "status": payment["state"]}

    def _identity(self, number):
        return number if "integers" in self.ways else f"p-{number}"

    def _number(self, identity):
        text = identity.removeprefix("p-")
        return int(text) if text.isdecimal() else 0


if __name__ == "__main__":
    serve(Listed)
