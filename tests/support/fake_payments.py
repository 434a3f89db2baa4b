"""A small payment service on loopback, honest unless told otherwise: each defect is one switch that a probe must notice."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from receipt_members import receipt as made

from gates.evidence.dsse import Signer, jwks_bytes
from gates.schema.canonical import sha256_hex, to_builtins

RECEIPT_TYPE = "application/vnd.gonogo.receipt.v2+json"
TENANTS = ("ours", "other")
ROLES = ("agent", "operator", "finance")
READERS = ["agent", "operator", "finance"]
ACCESS = {
    "POST /v1/payments": ["agent"],
    "POST /v1/payments/{payment_id}/settle": ["agent"],
    "POST /v1/payments/{payment_id}/reverse": ["agent", "operator"],
    "GET /v1/payments": READERS,
    "GET /v1/payments/{payment_id}": READERS,
    "GET /v1/wallets/{wallet_id}": READERS,
    "GET /v1/receipts": READERS,
    "GET /v1/ledger/entries": ["operator", "finance"],
    "GET /v1/status": READERS,
}
PUBLIC = ["GET /readyz", "GET /openapi.json", "GET /keys.json"]
MOMENT, LATER = "2026-11-23T10:00:00.000Z", "2026-11-24T10:00:00.000Z"
ZERO = dict.fromkeys(("authorized", "settled", "released", "open", "refunded", "charged_back"), 0)
POLICY = {
    "policy_sha256": "a" * 64,
    "outcome": "allow",
    "reasons": [],
    "counters_before": {},
    "counters_after": {},
    "inputs_sha256": "b" * 64,
    "inputs": {"amount": "1250", "now": "2026-11-23T10:00:00.000+00:00"},
    "approvals_needed": 0,
}


def token(tenant, role):
    """The API key of a role."""
    return f"key-{tenant}-{role}-0123456789"


def wallet_id(tenant):
    """The wallet of a tenant."""
    return f"wal_0000111122223333_{tenant}"


class Refused(Exception):
    """A refusal on its way out."""

    def __init__(self, status, code, detail=""):
        super().__init__(code)
        self.status, self.code, self.detail = status, code, detail


class FakeService:
    """Payments in memory. `defects` names what is wrong with it; empty means nothing is."""

    def __init__(self, *defects):
        self.defects = set(defects)
        self.access = self.routes()
        self.signer = Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))
        self.stranger = Signer(Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32))
        self.balances = {tenant: {"available": 1_000_000, "held": 0} for tenant in TENANTS}
        self.payments, self.ledger, self.receipts, self.answers = {}, [], [], {}
        self.spent = dict.fromkeys(TENANTS, 0)
        self.requests = 0

    def routes(self):
        """Every route that is not public, and the roles that it lets in."""
        return ACCESS

    def answer(self, method, target, headers, body):
        """One request in, (status, headers, body) out."""
        self.requests += 1
        url = urlsplit(target)
        try:
            status, extra, payload = self._route(method, url.path, parse_qs(url.query), headers, body)
        except Refused as refused:
            return refused.status, {"Content-Type": "application/problem+json"}, self._problem(refused)
        return status, {"Content-Type": "application/json", **extra}, payload

    def _route(self, method, path, query, headers, body):
        if f"{method} {path}" in PUBLIC:
            return 200, {}, self._public(path)
        if method == "HEAD" and "open-head" in self.defects:
            return 200, {}, b""
        sent = f"{method} {path}"
        route = next((name for name in self.access if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", name), sent)), None)
        if route is None:
            raise Refused(405, "method_not_allowed")
        if "refuses-all" in self.defects:
            raise Refused(401, "unauthenticated")
        if "hides-all" in self.defects and not (route == "POST /v1/payments" and headers.get("Idempotency-Key")):
            raise Refused(404, "not_found")
        if "hides-wallets" in self.defects and route == "GET /v1/wallets/{wallet_id}":
            raise Refused(404, "not_found")
        if "limits-settles" in self.defects and route.endswith("settle"):
            raise Refused(429, "rate_limited")
        tenant = self._admit(route, headers)
        if method == "GET":
            return 200, {}, self._read(route, path.split("/")[-1], tenant, query)
        return self._mutate(route, path, tenant, headers, body)

    def _admit(self, route, headers):
        given = (headers.get("Authorization") or "").removeprefix("Bearer ")
        for tenant in TENANTS:
            for role in ROLES:
                whole = token(tenant, role)
                if given == whole or ("prefix-token" in self.defects and given and whole.startswith(given)):
                    allowed = [*self.access[route], *(["finance"] if "open-settle" in self.defects and "settle" in route else [])]
                    if role not in allowed:
                        raise Refused(403, "forbidden")
                    return tenant
        raise Refused(401, "unauthenticated")

    def _public(self, path):
        if path == "/keys.json":
            return jwks_bytes(self.signer.jwk)
        if path == "/readyz":
            return b"{}"
        paths = {}
        if "documents-nothing" in self.defects:
            return json.dumps({"openapi": "3.1.0", "paths": paths}).encode()
        for route in [*self.access, *PUBLIC, *(["GET /v1/debug"] if "hidden-route" in self.defects else [])]:
            method, where = route.split(" ")
            roles = {"x-gonogo-roles": self.access[route]} if route in self.access else {}
            if "document-says-else" in self.defects and route.endswith("settle"):
                roles = {"x-gonogo-roles": ["agent", "finance"]}
            paths.setdefault(where, {})[method.lower()] = roles
        return json.dumps({"openapi": "3.1.0", "paths": paths}).encode()

    def _read(self, route, last, tenant, query):
        if route == "GET /v1/status":
            return json.dumps({"build": "c" * 64}).encode()
        if route == "GET /v1/wallets/{wallet_id}":
            if last != wallet_id(tenant):
                raise Refused(404, "not_found")
            return json.dumps(self.balances[tenant]).encode()
        if route == "GET /v1/payments/{payment_id}":
            return json.dumps(self._payment(last, tenant, lax="lax-read" in self.defects)).encode()
        return self._list(route, tenant, query)

    def _list(self, route, tenant, query):
        everything, nothing = "leaking-list" in self.defects, "forgets-all" in self.defects
        if route == "GET /v1/payments":
            mine = [item for item in self.payments.values() if everything or item["tenant"] == tenant]
            return json.dumps({"items": mine}).encode()
        if route == "GET /v1/receipts":
            items = [item for owner, item in self.receipts if owner == tenant and not nothing]
            return json.dumps({"items": items, "next_cursor": None}).encode()
        after = int(query.get("after", ["0"])[0])
        lines = [line for owner, line in self.ledger if owner == tenant and line["seq"] > after and not nothing]
        return b"".join(json.dumps(line).encode() + b"\n" for line in lines)

    def _payment(self, payment_id, tenant, *, lax=False):
        payment = self.payments.get(payment_id)
        if payment is None or (payment["tenant"] != tenant and not lax):
            raise Refused(404, "not_found")
        return payment

    def _mutate(self, route, path, tenant, headers, body):
        command = self._decode(body)
        keys = headers.get_all("Idempotency-Key") or []
        if not keys and "no-key-needed" not in self.defects:
            raise Refused(400, "idempotency_key_missing")
        scope = (tenant, path, keys[0] if keys else f"none-{self.requests}")
        if scope in self.answers and "replay-again" not in self.defects:
            first, stored = self.answers[scope]
            if first != command and "silent-reuse" not in self.defects:
                raise Refused(422, "idempotency_key_reused", "differs in /amount")
            return stored[0], {"Idempotent-Replayed": "true", **stored[1]}, stored[2]
        stored = self._decide(route, path.split("/")[-2], tenant, command)
        self.answers[scope] = (command, stored)
        return stored[0], {"Idempotent-Replayed": "false", **stored[1]}, stored[2]

    def _decode(self, body):
        try:
            command = json.loads(body)
        except ValueError:
            raise Refused(400, "invalid_request") from None
        amount = command.get("amount", "1")
        if isinstance(amount, int) and "number-amount" in self.defects:
            command["amount"] = amount = str(amount)
        if not isinstance(amount, str) or not re.fullmatch("[1-9][0-9]{0,14}", amount):
            raise Refused(400, "amount_not_integer_string")
        return command

    def _decide(self, route, payment_id, tenant, command):
        try:
            if route == "POST /v1/payments":
                view = self._reserve(tenant, command)
                return 201, {}, view
            payment = self._payment(payment_id, tenant)
            return 200, {}, self._settle(payment, command) if route.endswith("settle") else self._reverse(payment)
        except Refused as refused:
            return refused.status, {"Content-Type": "application/problem+json"}, self._problem(refused)

    def _reserve(self, tenant, command):
        if command.get("wallet_id") != wallet_id(tenant) and "lax-wallet" not in self.defects:
            raise Refused(404, "not_found")
        number = len(self.payments) + 1
        amount = int(command["amount"])
        payment = {"payment_id": f"pay_{number:032d}", "tenant": tenant, "state": "reserved", "last": None, "seq": 0}
        payment.update({**ZERO, "authorized": amount, "open": amount, "policy": dict(POLICY)})
        spent = self.spent[tenant]
        payment["policy"].update(counters_before={"tenant_day": str(spent)}, counters_after={"tenant_day": str(spent + amount)})
        self.spent[tenant] += amount
        payment["short"] = "expires_in_s" in command  # such a hold has run out when anybody comes back to it
        if "outcome-maybe" in self.defects:
            payment["policy"]["outcome"] = "maybe"
        self.payments[payment["payment_id"]] = payment
        return self._record(payment, "reserve", "reserve", amount, (-amount, amount))

    def _settle(self, payment, command):
        amount = int(command.get("amount", payment["open"]))
        if payment["state"] != "reserved":
            raise Refused(409, f"already_{payment['state']}")
        if payment["short"] and "idle-expiry" not in self.defects:
            raise Refused(409, "reservation_expired")
        if amount > payment["open"]:
            if "money-on-refusal" in self.defects:
                self.balances[payment["tenant"]]["available"] -= 1
                self._line(payment, "settle", None, -1)
            raise Refused(409, "over_settlement")
        rest = payment["open"] - amount
        self.spent[payment["tenant"]] -= rest
        payment.update(settled=amount, released=rest, open=0, state="settled")
        return self._record(payment, "settle", "settle", amount, (rest, -amount - rest))

    def _reverse(self, payment):
        if payment["state"] != "reserved":
            raise Refused(409, "already_released" if payment["state"] == "released" else "refund_exceeds_settled")
        amount = payment["open"]
        self.spent[payment["tenant"]] -= amount
        payment.update(released=amount, open=0, state="released")
        return self._record(payment, "reverse", "release", amount, (amount, -amount))

    def _record(self, payment, kind, entry_kind, amount, moved):
        balances = self.balances[payment["tenant"]]
        balances["available"] += moved[0]
        balances["held"] += moved[1]
        payment["seq"] += 1
        receipt_id = f"rcp_{len(self.ledger) + 1:032d}"
        line = self._line(payment, entry_kind, receipt_id, amount)
        self._receipt(payment, kind, receipt_id, amount, line)
        view = {**payment, "wallet_id": wallet_id(payment["tenant"])}
        return json.dumps({"payment": view, "receipt_id": receipt_id}).encode()

    def _line(self, payment, kind, receipt_id, amount):
        seq = len(self.ledger) + 1
        postings = [
            {"account": "a", "amount": str(-amount), "currency": "USD"},
            {"account": "b", "amount": str(amount), "currency": "USD"},
        ]
        if "unlinked-line" in self.defects and kind == "settle":
            receipt_id = "rcp_nowhere"
        line = {"seq": seq, "entry_id": f"ent_{seq}", "kind": kind, "payment_id": payment["payment_id"]}
        line.update(operation_id=f"opr_{seq}", receipt_id=receipt_id, postings=postings)
        self.ledger.append((payment["tenant"], line))
        return line

    def _receipt(self, payment, kind, receipt_id, amount, line):
        policy = dict(payment["policy"])
        if kind == "settle" and "unbound-settle" in self.defects:
            policy["policy_sha256"] = "d" * 64
        signer = self.stranger if kind == "settle" and "strange-signer" in self.defects else self.signer
        previous = payment["last"]
        if previous and "broken-chain" in self.defects:
            previous = "e" * 64
        digest = sha256_hex(rfc8785.dumps(line["postings"]))
        content = made(
            receipt_id=receipt_id,
            kind=kind,
            tenant_id=payment["tenant"],
            issued_at=MOMENT,
            payment_id=payment["payment_id"],
            operation_id=f"opr_of_another_{line['seq']}" if "other-operation" in self.defects else line["operation_id"],
            seq=payment["seq"],
            previous_receipt_sha256=previous,
            status=payment["state"],
            money_moved="yes",
            amount=str(amount),
            currency="USD",
            totals={name: str(payment[name]) for name in ZERO},
            wallet_id=wallet_id(payment["tenant"]),
            payee_id="pye_1",
            agent_id="agent-1",
            request_fingerprint="f" * 64,
            policy=policy,
            entry_ids=[f"ent_nowhere_{line['seq']}"] if "other-line" in self.defects and kind == "settle" else [line["entry_id"]],
            postings_sha256="0" * 64 if "other-postings" in self.defects else digest,
            salt="00",
            expires_at=LATER,
            key_id=signer.keyid,
            journal_seq=line["seq"] + ("other-position" in self.defects),
        )
        payload = rfc8785.dumps(content)
        payment["last"] = sha256_hex(payload)
        if kind == "settle" and "lost-receipt" in self.defects:
            return
        item = {"receipt_id": receipt_id, "payment_id": payment["payment_id"], "kind": kind, "seq": len(self.receipts) + 1}
        item["envelope"] = to_builtins(signer.sign(RECEIPT_TYPE, payload))
        self.receipts.append((payment["tenant"], item))

    def _problem(self, refused):
        code = "oops" if "strange-code" in self.defects and refused.code == "over_settlement" else refused.code
        problem = {"type": "about:blank", "title": code, "status": refused.status, "detail": refused.detail, "code": code}
        problem.update(category="test", money_moved="no", retry={"action": "never", "after_ms": 0}, reasons=[], request_id="r-1")
        problem["next_step"] = "" if "no-next-step" in self.defects else "correct the request"
        return json.dumps(problem).encode()
