"""A simulated user: walks the rows of the onboarding machine with real answers of the gateway, and with the moods of people."""

from crowd_person import E, Person

from gateway.machines.onboarding import OnboardingEvent


class User(Person):
    """Decides in each state of the machine what to do, and returns the event that came of it, if any."""

    # --- coming in ---

    def _started(self) -> OnboardingEvent:
        if self.rng.random() < 0.01:
            return E.PROBE_FAILED
        return E.PROBE_OK if self.world.health.state.healthy else E.PROBE_DEGRADED

    def _service_ok(self) -> OnboardingEvent | None:
        if self.agent_key:
            return E.SAVED_KEY
        if self.bootstrap_key:
            key, self.bootstrap_key = self.bootstrap_key, ""
            answer = self._ask("bootstrap", {"agent_id": f"agent-{self.number}"}, token=key)
            if answer.status == 201:
                keys = {item["role"]: item["key"] for item in answer.answer["keys"]}
                self.agent_key, self.admin_key = keys["agent"], keys["tenant_admin"]
                self.tenant_id = answer.answer["tenant_id"]
                return E.BOOTSTRAP_KEY
            assert answer.outcome.startswith(("bootstrap_key_", "tenant_disabled")), answer
            return None
        answer = self._ask("sign_in", {"address": self._spelt()})
        if answer.status == 202:
            self.sign_in_id = answer.answer["sign_in_id"]
        else:
            self.spent["sign_in"] += 1
            assert answer.outcome in ("mail_unavailable", "otp_throttled", "rate_limited"), answer
            self.next_event = E.MAIL_DOWN if answer.outcome == "mail_unavailable" else E.LOCKED
            if answer.outcome == "otp_throttled" and self.rng.random() < 0.2:
                self.bootstrap_key = self.world.hand_out()
        return E.ADDRESS

    def _code_wait(self) -> OnboardingEvent | None:
        roll = self.rng.random()
        if roll < 0.12:
            return self._resend()
        if roll < 0.12 + self.guesses:
            return self._tried(self._wrong())
        code = self.world.code_for(self.address, self.sign_in_id)
        if code is None:
            self.spent["mail"] += 1
            return None
        return self._tried(code)

    def _resend(self) -> OnboardingEvent | None:
        answer = self._ask("resend_code", {}, ids=(self.sign_in_id,))
        self.spent["codes"] += 1
        if answer.status == 202:
            return E.RESEND
        by_code = {"mail_unavailable": E.MAIL_DOWN, "otp_expired": E.EXPIRED, "otp_used": E.EXPIRED, "otp_locked": E.LOCKED}
        return by_code.get(answer.outcome)

    def _tried(self, code: str) -> OnboardingEvent | None:
        key = f"verify-{self.number}-{self.acts:06d}-{self.resumes}"
        answer = self._ask("verify", {"code": code}, ids=(self.sign_in_id,), key=key)
        if self.rng.random() < 0.1:
            self._again("verify", {"code": code}, (self.sign_in_id,), key, answer)
        if answer.status == 200:
            if self.rng.random() < 0.1:
                second = self._ask("verify", {"code": code}, ids=(self.sign_in_id,))
                assert second.outcome == "otp_used", second
            self.session = answer.answer["session_token"]
            self.tenant_id = answer.answer["tenant_id"] or ""
            self.tenants = [item["tenant_id"] for item in answer.answer["tenants"]]
            return E.CODE_OK
        self.spent["codes"] += 1
        by_code = {"otp_invalid": E.CODE_WRONG, "otp_expired": E.EXPIRED, "otp_used": E.EXPIRED, "otp_locked": E.LOCKED}
        return by_code[answer.outcome]

    # --- a tenant, a key, a wallet ---

    def _signed_in(self) -> OnboardingEvent | None:
        self._mood()
        if self.tenant_id:
            return E.TENANT_FOUND
        if self.tenants:
            chosen = self.rng.choice(self.tenants)
            answer = self._ask("choose_tenant", {"tenant_id": chosen}, token=self.session)
            if answer.status == 200:
                self.tenant_id = chosen
                return E.TENANT_FOUND
            return E.TENANT_DISABLED if answer.outcome == "tenant_disabled" else self._lost(answer)
        answer = self._ask("create_tenant", {"name": f"tenant of {self.number}"}, token=self.session)
        if answer.status == 201:
            self.tenant_id = answer.answer["tenant_id"]
            return E.TENANT_MADE
        return E.SIGNUP_CLOSED if answer.outcome.startswith("signup_") else self._lost(answer)

    def _tenant_ready(self) -> OnboardingEvent | None:
        if self.agent_key:
            return E.KEY_MADE
        if self.step_up_id:
            return self._step_up()
        name = f"agent-{self.number}-{self.acts}-{self.resumes}"
        answer = self._ask("create_key", {"role": "agent", "agent_id": name}, token=self.session)
        if answer.status == 201:
            self.agent_key = answer.answer["key"]
            return E.KEY_MADE
        if answer.outcome == "step_up_required":
            asked = self._ask("request_code", {}, token=self.session)
            if asked.status == 202:
                self.step_up_id = asked.answer["sign_in_id"]
                return None
            return self._lost(asked)
        return self._lost(answer)

    def _step_up(self) -> OnboardingEvent | None:
        wrong = self.rng.random() < 0.2
        code = self._wrong() if wrong else self.world.code_for(self.address, self.step_up_id)
        if code is None:
            self.spent["mail"] += 1
            return None
        answer = self._ask("step_up", {"sign_in_id": self.step_up_id, "code": code}, token=self.session)
        if answer.outcome != "otp_invalid":
            self.step_up_id = ""
        if answer.status != 200:
            return self._lost(answer)
        return None

    def _key_ready(self) -> OnboardingEvent | None:
        if self.policy:
            return E.WALLET_MADE
        token = self.session or self.admin_key
        if not token:
            return E.QUIT  # a saved agent key makes no wallet: the user signs in again
        for kind, body, member in (
            ("create_wallet", {"currency": "USD"}, "wallet"),
            ("create_payee", {"name": "setup-check", "currency": "USD"}, "payee"),
        ):
            if getattr(self, member):
                continue
            answer = self._ask(kind, body, token=token)
            if answer.status != 201:
                return self._recover(answer)
            setattr(self, member, answer.answer[f"{member}_id"])
        answer = self._ask("put_policy", {"currency": "USD", "per_payment_max": "5000"}, token=token)
        if answer.status >= 400:
            return self._recover(answer)
        self.policy = True
        return E.WALLET_MADE

    def _recover(self, answer) -> OnboardingEvent | None:
        if answer.outcome == "step_up_required":
            asked = self._ask("request_code", {}, token=self.session)
            if asked.status == 202:
                code = self.world.wait_for_code(self.address, asked.answer["sign_in_id"])
                if code is not None:
                    self._ask("step_up", {"sign_in_id": asked.answer["sign_in_id"], "code": code}, token=self.session)
            self.spent["step_up"] += 1
            return None
        return self._lost(answer)

    def _wallet_ready(self) -> OnboardingEvent:
        if self.rich and self.world.demo_money(self.tenant_id, self.wallet):
            return E.HAS_MONEY
        self.rich = False
        return E.RAIL_DOWN if self.rng.random() < 0.1 else E.LATER

    # --- host, call, receipt ---

    def _funded(self) -> OnboardingEvent:
        return E.HOSTS

    _decision_only = _funded

    def _host_planned(self) -> OnboardingEvent:
        event = self.rng.choices((E.APPLIED, E.DECLINED, E.HOST_REFUSED, E.STALE), (6, 2, 1, 1))[0]
        self.spent["plan"] += event is E.STALE
        return event

    def _host_written(self) -> OnboardingEvent:
        event = self.rng.choices((E.HOST_SEES_IT, E.NOT_CHECKABLE, E.HOST_BLIND), (6, 3, 1))[0]
        self.spent["host"] += event is E.HOST_BLIND
        return event

    _host_manual = _host_written

    def _host_ok(self) -> OnboardingEvent | None:
        self._mood()
        if self.rich:
            return E.PAY
        answer = self._pay()
        if answer.outcome in ("insufficient_funds", "policy_denied"):
            self.receipt = answer.answer["resource"] or answer.answer["operation"]
            return E.DENIAL_SIGNED
        return self._lost(answer)

    def _pay(self):
        body = {"wallet_id": self.wallet, "payee_id": self.payee, "amount": "100", "currency": "USD"}
        return self._ask("reserve", body, token=self.agent_key)

    def _calling(self) -> OnboardingEvent:
        if self.rng.random() < 0.05:
            self.spent["unknown"] += 1
            return E.UNKNOWN
        answer = self._pay()
        if answer.status == 201:
            payment = answer.answer["payment"]["payment_id"]
            settled = self._ask("settle", {}, token=self.agent_key, ids=(payment,))
            if settled.status == 200:
                self.receipt = payment
                return E.SETTLED
        self.spent["call"] += 1
        if answer.outcome == "insufficient_funds":
            self.rich = False
        return E.CALL_DENIED if answer.status < 500 else E.CALL_FAILED

    def _checking(self) -> OnboardingEvent:
        if self.rng.random() < 0.005 or not self.receipt:
            return E.NOT_VERIFIED
        return E.PAYMENT_VERIFIED if self.rich else E.DENIAL_VERIFIED
