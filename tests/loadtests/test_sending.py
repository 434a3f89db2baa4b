"""A load run against a service of quite another shape: forms, Basic over TLS, numbers, states, and a refund of its own."""

import json
import os
import re
import threading
from base64 import b64encode
from urllib.parse import parse_qs

import pytest
from certified import authority
from loopback import serving

pytestmark = pytest.mark.process

PASSWORD = "of-the-shop-" + "0001"
TARGET = """
apiVersion: gonogo/v1
kind: Target
metadata: {name: cards}
spec:
  base_url: ${CARDS_URL}
  ca_file: ca.pem
  currency: EUR
  amount_format: integer
  idempotency_field: request_id
  ready_path: /up
  ready_role: agent
  credentials:
    agent: {user: "${CARDS_USER}", password: "${CARDS_PASSWORD}"}
  variables:
    payee_ids: m1, m2
    version: ${CARDS_VERSION:-2024}
  operations:
    reserve:
      path: /intents
      body_format: form
      headers: {X-Version: "{version}"}
      body: {amount: "{amount}", currency: "{currency}", capture: false, merchant: {id: "{payee_id}", tags: [a, b]}}
      success: [200]
      id_pointer: /id
      state: {pointer: /status, done: [requires_capture], refused: [failed]}
    settle:
      path: /intents/{payment_id}/capture
      body: {amount_to_capture: "{amount}"}
      success: [200]
      state: {pointer: /status, done: [succeeded]}
    refund:
      path: /refunds
      body_format: form
      body: {intent: "{payment_id}"}
      success: [200]
"""


class Cards:
    """Payment intents with manual capture, in memory; each request that came is kept."""

    def __init__(self, fault=""):
        self.fault, self.lock, self.received, self.answers, self.intents = fault, threading.Lock(), [], {}, {}

    def answer(self, method, target, headers, body):
        """One request in, (status, headers, body) out."""
        expected = b64encode(f"shop:{PASSWORD}".encode()).decode()
        if headers["Authorization"] != f"Basic {expected}":
            return self.made(401, {"error": "who are you?"})
        if method == "GET":
            return self.made(200 if target == "/api/v1/up" else 404, {})
        form = headers["Content-Type"] == "application/x-www-form-urlencoded"
        sent = parse_qs(body.decode()) if form else json.loads(body)
        self.received.append((target, headers["Content-Type"], headers["X-Version"], headers["Idempotency-Key"], sent))
        key = (target, str(sent.get("request_id")))
        if key not in self.answers:
            self.answers[key] = self.decide(target, sent)
        return self.answers[key]

    def decide(self, target, sent):
        """Reserve, capture or refund."""
        if target == "/api/v1/intents":
            number = len(self.intents) + 1
            self.intents[str(number)] = int(sent["amount"][0])
            return self.made(200, {"id": number, "status": "requires_capture"})
        if found := re.fullmatch(r"/api/v1/intents/([0-9]+)/capture", target):
            right = type(sent["amount_to_capture"]) is int and sent["amount_to_capture"] <= self.intents[found[1]]
            return self.made(
                200, {"id": found[1], "status": ("succeeded" if right else "failed") if not self.fault else self.fault}
            )
        return self.made(200, {"status": "succeeded"})

    def made(self, status, content):
        """An answer in JSON."""
        return status, {"Content-Type": "application/json"}, json.dumps(content).encode()


@pytest.fixture
def cards(tmp_path):
    """A function that runs a load run against the service with a fault; returns the run, the service and all that was written."""
    _, tls = authority(tmp_path)
    (tmp_path / "cards.yaml").write_text(TARGET)

    def run(load, fault="", changed=None):
        service = Cards(fault)
        if changed:
            (tmp_path / "cards.yaml").write_text(TARGET.replace(*changed))
        with serving(service, tls=tls) as url:
            environ = {**os.environ, "CARDS_URL": f"{url}/api/v1/", "CARDS_USER": "shop", "CARDS_PASSWORD": PASSWORD}
            out = tmp_path / "run"
            done = load("run", "smoke", "--payments", "20", "--target", tmp_path / "cards.yaml", "--out", out, environ=environ)
        files = [path for folder in (out, tmp_path / "home") for path in folder.rglob("*") if path.is_file()]
        return done, service, b"\n".join(path.read_bytes() for path in files)

    return run


def test_a_service_of_another_shape_is_loaded_as_its_file_describes(cards, load):
    """Form and JSON, numbers, Basic over TLS below a path, the key in the body; the mix has no reverse, and says so."""
    done, service, written = cards(load)
    assert done.returncode == 3, done.stdout + done.stderr
    reserves = [item for item in service.received if item[0] == "/api/v1/intents"]
    captures = [item for item in service.received if item[0].endswith("/capture")]
    assert {item[1] for item in reserves} == {"application/x-www-form-urlencoded"}
    assert {(item[2], item[3]) for item in reserves} == {("2024", None)}
    one = reserves[0][4]
    assert (one["capture"], one["merchant[tags][]"], one["currency"]) == (["false"], ["a", "b"], ["EUR"])
    assert {value for item in reserves for value in item[4]["merchant[id]"]} == {"m1", "m2"}
    assert captures
    assert all(type(item[4]["amount_to_capture"]) is int and item[4]["request_id"].startswith("load-") for item in captures)
    assert any(item[0] == "/api/v1/refunds" for item in service.received)
    assert "left out of the mix: reverse: the target has no operation reverse" in done.stdout
    assert "FOUND" not in done.stdout
    encoded = b64encode(f"shop:{PASSWORD}".encode())
    for secret in (PASSWORD.encode(), encoded):
        assert secret not in written + done.stdout.encode() + done.stderr.encode()


@pytest.mark.parametrize("state", ["failed", "requires_capture", "processing"])
def test_a_success_in_another_state_is_no_settle(cards, load, state):
    """A 200 that says so is a wrong description, found before the storm: exit 2 names the member."""
    done, service, _ = cards(load, state)
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"spec.operations.settle.state.pointer /status leads to {state}, which is not listed" in done.stderr
    assert len(service.received) == 2


def test_a_state_that_is_listed_as_refused_refuses(cards, load):
    """The run goes on, and nothing of it could have settled twice."""
    done, _, _ = cards(load, "failed", ("done: [succeeded]", "done: [succeeded], refused: [failed]"))
    assert done.returncode == 3, done.stdout + done.stderr
    assert "no settle was acknowledged" in done.stdout
