"""A gateway with a sign-in, small enough to count what was done: for tests of a client that is cut off anywhere.

Answers are repeated for the same idempotency key, as the gateway's are. `effects` counts what was done for the first time.
"""

import base64
import hashlib
import json
from collections import Counter

import httpx

CODE = "86420975"
ADDRESS = "ada@example.org"
BOOTSTRAP_KEY = "gnb_fake"
URL = "http://gateway.test"
BUILD = "b" * 64


class Refuse(Exception):
    """A problem document of a code."""

    def __init__(self, status, code, moved="no", action="never", headers=None, **members):
        super().__init__(code)
        self.headers = headers or {}
        self.status, self.members = status, members
        self.body = {
            "code": code,
            "title": code,
            "detail": code,
            "money_moved": moved,
            "next_step": "do it",
            "retry": {"action": action, "after_ms": 0},
            "reasons": [],
            **members,
        }


class FakeGateway(httpx.BaseTransport):
    """One gateway. `faults` maps a route to what comes in place of its next answers: a Refuse, or an error of the connection."""

    def __init__(self, clock, *, mail="smtp", healthy=True, mode="public_signup", status="normal", bootstrap_roles=None):
        self.clock, self.status, self.mode = clock, status, mode
        self.mail = {"mode": mail, "healthy": healthy, "since": None}
        self.base_url, self.bootstrap_roles = URL, bootstrap_roles or ("agent", "tenant_admin")
        self.effects, self.calls, self.faults = Counter(), [], {}
        self.answers, self.sessions, self.keys = {}, {}, {}
        self.tenants, self.wallets, self.payees, self.payments, self.receipts = [], [], [], {}, []
        self.policy, self.bootstrapped, self.demo_money, self.funds = None, False, False, "0"
        self.funnel, self.secrets = [], {CODE, BOOTSTRAP_KEY}
        self.lost, self.bearers, self.hidden = [], set(), set()

    def handle_request(self, request):
        """One request in, one answer out."""
        path = request.url.path
        parts = ("{id}" if part[3:4] == "_" or len(part) == 64 else part for part in path.split("/"))
        route = f"{request.method} {'/'.join(parts)}"
        self.calls.append(route)
        fault = self.faults.get(route, [None]).pop(0) if self.faults.get(route) else None
        if isinstance(fault, httpx.HTTPError):
            raise fault
        try:
            if fault is not None:
                raise fault
            status, body = self._answer(request, route, path)
        except Refuse as refused:
            headers = {"x-request-id": f"req-{len(self.calls)}", **refused.headers}
            return httpx.Response(refused.status, json=refused.body, headers=headers)
        if route in self.lost:  # carried out, and the answer does not come
            self.lost.remove(route)
            raise httpx.ReadError("the connection was lost")
        return httpx.Response(status, content=body, headers={"x-request-id": f"req-{len(self.calls)}"})

    def _answer(self, request, route, path):
        body = json.loads(request.content) if request.content else None
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.bearers.add(bearer)
        handler, key = HANDLERS[route], request.headers.get("idempotency-key")
        if request.method == "GET" or key is None:
            return 200, json.dumps(handler(self, path, body, bearer, request)).encode()
        place, print_ = (route, key), json.dumps(body, sort_keys=True)
        if place in self.answers:
            if self.answers[place][0] != print_:
                raise Refuse(422, "idempotency_key_reused")
            stored = self.answers[place][1]
            if isinstance(stored, Refuse):
                raise stored
            return 201, stored
        try:
            made = json.dumps(handler(self, path, body, bearer, request)).encode()
        except Refuse as refused:
            if refused.body["code"] == "policy_denied":
                self.answers[place] = (print_, refused)
            raise
        self.effects[route] += 1
        self.answers[place] = (print_, made)
        return 201, made

    # --- sign-in ------------------------------------------------------------------------------------------------------

    def document(self, *_):
        """Who it is, and how people sign in."""
        now = self.clock().isoformat()
        return {
            "version": "1",
            "mode": self.mode,
            "base_url": self.base_url,
            "login": ["email_code"],
            "mail": self.mail,
            "build": BUILD,
            "time": now,
        }

    def sign_in(self, _path, body, *_):
        """A code is sent."""
        if self.mail["mode"] == "none":
            raise Refuse(503, "login_unavailable")
        if not self.mail["healthy"]:
            raise Refuse(503, "mail_unavailable")
        number = self.effects["POST /v1/access/sign-ins"] + 1
        assert body["address"] == ADDRESS
        return {"sign_in_id": f"sgn_{number}", "expires_at": "2026-12-01T00:10:00.000Z", "resend_after_s": 30, "digits": 8}

    def resend(self, path, *_):
        """The same code is sent again."""
        return {"sign_in_id": path.split("/")[-2], "expires_at": "2026-12-01T00:10:00.000Z", "resend_after_s": 30, "digits": 8}

    def verify(self, path, body, *_):
        """A code becomes a session."""
        if body["code"] != CODE:
            raise Refuse(401, "otp_invalid", reasons=["tries_left:4"])
        used = f"used:{path}"
        if used in self.sessions:
            raise Refuse(409, "otp_used")
        token = self._secret(f"gns_{path}")
        self.sessions |= {used: None, token: self.tenants[0] if len(self.tenants) == 1 else None}
        return {**self._me(token), "session_token": token}

    def me(self, _path, _body, bearer, _request):
        """Whose credential it is."""
        return self._me(bearer)

    def _me(self, bearer):
        if bearer in self.keys:
            kind, tenant, role = "key", self.keys[bearer][1], self.keys[bearer][0]
        elif bearer in self.sessions:
            kind, tenant, role = "session", self.sessions[bearer], "session"
        else:
            raise Refuse(401, "session_expired" if bearer.startswith("gns_") else "unauthenticated")
        return {
            "kind": kind,
            "tenant_id": tenant,
            "tenants": [{"tenant_id": one, "name": one} for one in self.tenants if one not in self.hidden],
            "role": role,
            "cohort": "simulated" if self.demo_money else "none",
            "demo_money": self.demo_money,
        }

    def bind(self, _path, body, bearer, _request):
        """The session acts in this tenant."""
        self._session(bearer)
        self.sessions[bearer] = body["tenant_id"]
        return self._me(bearer)

    def end(self, _path, _body, bearer, _request):
        """The session counts no more."""
        self.sessions.pop(bearer, None)
        return {"ended": 1}

    def make_tenant(self, _path, _body, bearer, _request):
        """A tenant, where the gateway lets people make them."""
        self._session(bearer)
        if self.mode != "public_signup":
            raise Refuse(403, "signup_closed")
        self.tenants.append(f"ten_{len(self.tenants) + 1}")
        self.sessions[bearer] = self.tenants[-1]
        return self._me(bearer)

    def join(self, _path, body, bearer, _request):
        """The session's person becomes a member, once."""
        self._session(bearer)
        if "ten_7" in self.tenants:
            raise Refuse(403, "forbidden")
        if body["bootstrap_key"] != BOOTSTRAP_KEY or self.bootstrapped:
            raise Refuse(*((409, "bootstrap_key_used") if self.bootstrapped else (401, "bootstrap_key_invalid")))
        self.bootstrapped, self.sessions[bearer] = True, "ten_7"
        self.tenants.append("ten_7")
        return self._me(bearer)

    def make_key(self, _path, body, bearer, request):
        """A key of this tenant."""
        tenant = self._admin(bearer)
        return self._key(body["role"], tenant, request.headers["idempotency-key"])

    def list_keys(self, *_):
        """Every key."""
        return {"items": []}

    def bootstrap(self, _path, _body, bearer, request):
        """A tenant and its keys, once."""
        if bearer != BOOTSTRAP_KEY:
            raise Refuse(401, "bootstrap_key_invalid")
        if self.bootstrapped:
            raise Refuse(409, "bootstrap_key_used")
        self.bootstrapped = True
        self.tenants.append("ten_1")
        keys = [self._key(role, "ten_1", request.headers["idempotency-key"]) for role in self.bootstrap_roles]
        return {"tenant_id": "ten_1", "keys": keys}

    # --- paying -------------------------------------------------------------------------------------------------------

    def list_wallets(self, *_):
        """Every wallet."""
        return {"items": [{**row, "available": self.funds} for row in self.wallets], "next_cursor": None}

    def make_wallet(self, _path, body, bearer, _request):
        """A wallet."""
        self._admin(bearer)
        self.wallets.append({"wallet_id": f"wal_{len(self.wallets) + 1}", "currency": body["currency"]})
        return self.wallets[-1]

    def list_payees(self, *_):
        """Every payee."""
        return {"items": self.payees, "next_cursor": None}

    def make_payee(self, _path, body, bearer, _request):
        """A payee."""
        self._admin(bearer)
        self.payees.append({"payee_id": f"pye_{len(self.payees) + 1}", **body})
        return self.payees[-1]

    def put_policy(self, _path, body, bearer, _request):
        """The policy in force."""
        self._admin(bearer)
        self.policy = body
        return {"policy_sha256": "0" * 64, "policy": body}

    def dry_run(self, _path, body, *_):
        """What the policy says."""
        reasons = self._reasons(body)
        return {"outcome": "deny" if reasons else "allow", "reasons": reasons}

    def _reasons(self, body):
        if self.policy is None:
            return ["no_policy"]
        found = [] if body["payee_id"] in self.policy["allowed_payees"] else ["payee_not_allowed"]
        most = self.policy.get("per_payment_max")
        return found + (["per_payment_limit"] if most and int(body["amount"]) > int(most) else [])

    def reserve(self, _path, body, bearer, _request):
        """A payment, or a signed denial."""
        assert self.keys[bearer][0] == "agent", "a session never pays"
        payment_id = f"pay_{len(self.payments) + 1}"
        self.payments[payment_id] = body
        reasons = self._reasons(body)
        self._receipt(payment_id, "denial" if reasons else "reserve")
        if reasons:
            self.effects["denied"] += 1
            raise Refuse(403, "policy_denied", reasons=reasons, resource=f"/v1/payments/{payment_id}")
        return {"payment": {"payment_id": payment_id, "state": "reserved"}, "receipt_id": self.receipts[-1]["receipt_id"]}

    def settle(self, path, _body, _bearer, _request):
        """The payment is paid."""
        payment_id = path.split("/")[-2]
        self._receipt(payment_id, "settle")
        return {"payment": {"payment_id": payment_id, "state": "settled"}, "receipt_id": self.receipts[-1]["receipt_id"]}

    def list_receipts(self, _path, _body, _bearer, request):
        """The receipts of a payment."""
        wanted = request.url.params["payment_id"]
        return {"items": [row for row in self.receipts if row["payment_id"] == wanted], "next_cursor": None}

    def show_status(self, *_):
        """The mode."""
        return {"mode": self.status}

    def count(self, _path, body, *_):
        """An event of the funnel."""
        self.funnel.append(body.get("event", "started"))
        return {"run": body.get("run", "")}

    def _session(self, bearer):
        if bearer not in self.sessions:
            raise Refuse(401, "session_expired")

    def _admin(self, bearer):
        if bearer in self.keys:
            if self.keys[bearer][0] != "tenant_admin":
                raise Refuse(403, "forbidden")
            return self.keys[bearer][1]
        self._session(bearer)
        if self.sessions[bearer] is None:
            raise Refuse(409, "tenant_choice_required")
        return self.sessions[bearer]

    def _key(self, role, tenant, idempotency_key):
        key = self._secret(f"gng_{role}_{idempotency_key}")
        self.keys[key] = (role, tenant)
        return {"key_id": f"key_{len(self.keys)}", "role": role, "agent_id": "a", "created_at": "", "key": key}

    def _secret(self, text):
        secret = f"{text[:10]}{hashlib.sha256(text.encode()).hexdigest()}"
        self.secrets.add(secret)
        return secret

    def _receipt(self, payment_id, kind):
        receipt_id, body = f"rcp_{len(self.receipts) + 1}", self.payments[payment_id]
        payload = {
            "receipt_id": receipt_id,
            "kind": kind,
            "subject": {"id": payment_id},
            "parties": {"wallet_id": body["wallet_id"], "payee_id": body["payee_id"]},
            "policy": None if kind == "settle" else {"policy_sha256": "0" * 64},
        }
        envelope = {"payload": base64.b64encode(json.dumps(payload).encode()).decode(), "signatures": []}
        self.receipts.append({"receipt_id": receipt_id, "payment_id": payment_id, "envelope": envelope})

    def policy_document(self, *_):
        """The policy in force."""
        return self.policy


HANDLERS = {
    "GET /.well-known/gonogo-auth.json": FakeGateway.document,
    "GET /.well-known/gonogo-keys.json": lambda *_: {"keys": []},
    "POST /v1/access/runs": FakeGateway.count,
    "POST /v1/access/runs/{id}/events": FakeGateway.count,
    "POST /v1/access/sign-ins": FakeGateway.sign_in,
    "POST /v1/access/sign-ins/{id}/resend": FakeGateway.resend,
    "POST /v1/access/sign-ins/{id}/verify": FakeGateway.verify,
    "GET /v1/access/me": FakeGateway.me,
    "POST /v1/access/session/tenant": FakeGateway.bind,
    "POST /v1/access/session/join": FakeGateway.join,
    "POST /v1/access/session/end": FakeGateway.end,
    "POST /v1/access/tenants": FakeGateway.make_tenant,
    "POST /v1/access/keys": FakeGateway.make_key,
    "GET /v1/access/keys": FakeGateway.list_keys,
    "POST /v1/access/bootstrap": FakeGateway.bootstrap,
    "GET /v1/wallets": FakeGateway.list_wallets,
    "POST /v1/wallets": FakeGateway.make_wallet,
    "GET /v1/payees": FakeGateway.list_payees,
    "POST /v1/payees": FakeGateway.make_payee,
    "POST /v1/policies": FakeGateway.put_policy,
    "POST /v1/policies/dry-run": FakeGateway.dry_run,
    "POST /v1/payments": FakeGateway.reserve,
    "POST /v1/payments/{id}/settle": FakeGateway.settle,
    "GET /v1/receipts": FakeGateway.list_receipts,
    "GET /v1/status": FakeGateway.show_status,
    "GET /v1/policies/{id}": FakeGateway.policy_document,
}
