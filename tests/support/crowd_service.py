"""The same users against a real gateway process: HTTP, TLS to a real mail server, real time. A world for users, as theirs."""

import re
from email import message_from_bytes
from email.policy import default
from types import SimpleNamespace

import httpx
from crowd_world import Asked
from mail_server import CODE
from waiting import eventually

from gateway.access_key import read_access_key
from gateway.clock import system_clock
from gateway.command_line.demo_money import give_demo_money
from gateway.command_line.house import make_house_key
from gateway.errors import StartProblem
from gateway.routes import MUTATIONS
from gateway.settings import Settings

TEMPLATES = {route.kind: route.template for route in MUTATIONS}
WAIT_S = 20


class Service:
    """A running gateway as its users meet it; `network` goes into X-Forwarded-For, so the gateway must trust this machine."""

    def __init__(self, url: str, db, mail_server, rng) -> None:
        self.settings, self.mail_server, self.rng = Settings(db=db), mail_server, rng
        self.health = SimpleNamespace(state=SimpleNamespace(healthy=True))
        self.key = read_access_key(self.settings.access_key_file)
        self.house_key = make_house_key(self.settings, "house_operator", "operator", "the crowd")[1].key
        self.http = httpx.Client(base_url=url, timeout=WAIT_S, trust_env=False)
        self.log: list[Asked] = []
        self._read, self._codes = 0, {}

    def close(self) -> None:
        """Let go of its connections."""
        self.http.close()

    def ask(self, kind, body, *, token="", network="198.51.100.7", key="", ids=(), address="") -> Asked:  # noqa: ARG002  # the signature of the world
        """One request over HTTP."""
        path = TEMPLATES[kind]
        for value in ids:
            path = re.sub(r"\{\w+\}", value, path, count=1)
        headers = {"idempotency-key": key or f"crowd-{len(self.log):012d}", "x-forwarded-for": network}
        headers |= {"authorization": f"Bearer {token}"} if token else {}
        answer = self.http.post(path, json=body, headers=headers)
        content, replayed = answer.json(), answer.headers.get("idempotent-replayed") == "true"
        outcome = "ok" if answer.status_code < 400 else content["code"]
        asked = Asked(system_clock(), kind, answer.status_code, outcome, network, replayed, tuple(ids), body, content)
        self.log.append(asked)
        return asked

    def hand_out(self) -> str:
        """A bootstrap key with a tenant of its own."""
        body = {"tenant_name": "handed out", "roles": ["agent", "tenant_admin"], "reason": "the crowd"}
        return self.ask("make_bootstrap_key", body, token=self.house_key).answer["key"]

    def _mailbox(self, address: str) -> list[str]:
        while self._read < len(self.mail_server.mails):
            _, [recipient], content = self.mail_server.mails[self._read]
            text = message_from_bytes(content, policy=default).get_content()
            self._codes.setdefault(recipient, []).extend(re.findall(CODE, text))
            self._read += 1
        return self._codes.get(address.lower(), [])

    def code_for(self, address: str, sign_in_id: str) -> str | None:
        """The code of this challenge, for which the user waits."""
        return self.wait_for_code(address, sign_in_id)

    def wait_for_code(self, address: str, sign_in_id: str) -> str | None:
        """The same."""
        code = self.key.code(sign_in_id)
        return code if eventually(lambda: code in self._mailbox(address), WAIT_S) else None

    def demo_money(self, tenant_id: str, wallet_id: str) -> bool:
        """Fund a wallet by the offline command."""
        self.ask("set_cohort", {"cohort": "simulated", "reason": "the crowd"}, token=self.house_key, ids=(tenant_id,))
        try:
            give_demo_money(self.settings, tenant_id, wallet_id, 10_000, "the crowd")
        except StartProblem:
            return False
        return True

    def keys_of(self, tenant_id: str) -> list[str]:
        """Nobody rotates or revokes here: the users' keys are known from what they made."""
        assert tenant_id
        return []
