"""A card processor: form bodies, payment intents with manual capture, refunds, charges in a list.

The service of `loadtests/targets/card-processor.yaml`. It takes its key as the user of HTTP Basic, or as a bearer token.
"""

import base64
from urllib.parse import parse_qs

from fake_http import Shape, serve
from fake_shop import Refused

KEY = "sk_test_of_the_card_fake"
SIZE = 10
STATES = {"held": "requires_capture", "captured": "succeeded", "refunded": "succeeded", "voided": "canceled"}


class CardProcessor(Shape):
    """Intents, captures, cancels, refunds, charges."""

    def admits(self, headers):
        """The key, as basic or as bearer."""
        basic = base64.b64encode(f"{KEY}:".encode()).decode()
        return headers.get("Authorization") in (f"Basic {basic}", f"Bearer {KEY}")

    def respond(self, call):
        """Six routes."""
        match call.method, call.parts:
            case "GET", ["v1", "balance"]:
                return 200, {"object": "balance", "available": [{"amount": 0, "currency": "usd"}]}
            case "GET", ["v1", "charges"]:
                return 200, self._charges(call.query)
            case "POST", ["v1", "payment_intents"]:
                return self._mutate(call, lambda form, _key, _guarded: self._create(form))
            case "POST", ["v1", "payment_intents", identity, "capture"]:
                return self._mutate(call, lambda form, key, guarded: self._capture(identity, form, key, guarded=guarded))
            case "POST", ["v1", "payment_intents", identity, "cancel"]:
                return self._mutate(call, lambda _form, _key, _guarded: self._cancel(identity))
            case "POST", ["v1", "refunds"]:
                return self._mutate(call, lambda form, _key, _guarded: self._refund(form))
        raise Refused(404, "resource_missing")

    def refusal(self, refused):
        """The body of a refusal."""
        return {"error": {"type": "invalid_request_error", "code": refused.code}}

    def _mutate(self, call, act):
        if call.headers.get("Content-Type") != "application/x-www-form-urlencoded":
            raise Refused(400, "no_form")
        form = {name: values[0] for name, values in parse_qs(call.body.decode(), keep_blank_values=True).items()}
        key = call.headers.get("Idempotency-Key") or f"none-{id(call)}"
        answer = self.shop.once((*call.parts, key), lambda guarded: act(form, key, guarded))
        if isinstance(answer, Refused):
            raise answer
        return answer

    def _create(self, form):
        if form.get("capture_method") != "manual" or form.get("confirm") != "true":
            raise Refused(400, "parameter_invalid")
        amount = form.get("amount", "")
        if not amount.isdecimal():
            raise Refused(400, "parameter_invalid_integer")
        payee = form.get("transfer_data[destination]", "")
        return 200, self._intent(self.shop.reserve(payee, int(amount), form.get("metadata[reference]")))

    def _capture(self, identity, form, key, *, guarded):
        amount = form.get("amount_to_capture")
        payment = self.shop.settle(self._number(identity), None if amount is None else int(amount), guarded=guarded, key=key)
        return 200, {**self._intent(payment), "status": "succeeded"}

    def _cancel(self, identity):
        payment = self.shop.payment(self._number(identity))
        if payment["state"] != "held":
            raise Refused(400, "payment_intent_unexpected_state")
        return 200, self._intent(self.shop.reverse(payment["number"]))

    def _refund(self, form):
        payment = self.shop.payment(self._number(form.get("payment_intent", "")))
        if payment["state"] != "captured":
            raise Refused(400, "charge_already_refunded")
        self.shop.reverse(payment["number"])
        return 200, {"id": f"re_{payment['number']}", "object": "refund", "status": "succeeded"}

    def _charges(self, query):
        """Charges, the newest first, as pages that begin after an id."""
        found = [charge for payment in list(self.shop.payments.values()) for charge in self._charges_of(payment)][::-1]
        ids = [charge["id"] for charge in found]
        first = ids.index(query["starting_after"]) + 1 if "starting_after" in query else 0
        size = int(query.get("limit", SIZE))
        return {"object": "list", "data": found[first : first + size], "has_more": first + size < len(found)}

    def _charges_of(self, payment):
        """One charge for each capture, or the one that is not captured."""
        captures = payment["captures"] or [{"amount": 0, "key": None}]
        for count, capture in enumerate(captures, 1):
            yield {
                "id": f"ch_{payment['number']}_{count}",
                "object": "charge",
                "payment_intent": f"pi_{payment['number']}",
                "amount": payment["amount"],
                "amount_captured": capture["amount"],
                "captured": bool(payment["captures"]),
                "refunded": payment["state"] == "refunded",
                "currency": "usd",
            }

    def _intent(self, payment):
        identity = f"pi_{payment['number']}"
        return {"id": identity, "object": "payment_intent", "status": STATES[payment["state"]], "amount": payment["amount"]}

    def _number(self, identity):
        text = identity.removeprefix("pi_")
        return int(text) if text.isdecimal() else 0


if __name__ == "__main__":
    serve(CardProcessor)
