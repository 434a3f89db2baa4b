"""The probes send as the target file describes: forms, a key in the body, other headers, amounts as numbers, ids as numbers."""

import json
from urllib.parse import parse_qsl

import pytest
from loopback import serving

from gates.probes.client import ServiceProblem, TargetClient, acknowledges
from gates.probes.specimen import make_specimen
from gates.schema.credential import Credential
from gates.schema.operation import Operation, State
from gates.schema.target import NamedTarget, Target

pytestmark = pytest.mark.process

RESERVE = Operation(
    "/intents",
    body={"amount": "{amount}", "to": {"id": "{payee_id}"}},
    body_format="form",
    headers={"X-Version": "${VERSION:-2}"},
    id_pointer="/id",
    state=State("/status", done=("held",)),
)


class Shop:
    """A service that keeps each request, and answers with a number as id and a state."""

    def __init__(self, state="held"):
        self.state, self.received = state, []

    def answer(self, method, target, headers, body):
        """One request in, (status, headers, body) out."""
        self.received.append((method, target, dict(headers), body))
        return 200, {"Content-Type": "application/json"}, json.dumps({"id": 7, "status": self.state}).encode()


@pytest.fixture
def asked():
    """A function that makes a specimen at a shop in a state; returns the specimen or the problem, and what was received."""

    def ask(state="held", **members):
        shop = Shop(state)
        with serving(shop) as url:
            credentials = {"agent": Credential(header="X-Api-Key", value="${SHOP_KEY}")}
            target = Target(url, credentials, {"payee_ids": "m1, m2"}, {"reserve": RESERVE}, **members)
            with TargetClient(NamedTarget("shop", target), "n", environ={"SHOP_KEY": "key-1"}) as client:
                return make_specimen(client), shop.received

    return ask


def test_a_specimen_is_made_as_the_file_describes(asked):
    """A form with an amount in minor units, the credential in its own header, and an id that is a number."""
    specimen, received = asked(amount_format="integer", idempotency_field="request_id")
    method, target, headers, body = received[0]
    assert (method, target, headers["X-Api-Key"], headers["X-Version"]) == ("POST", "/intents", "key-1", "2")
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(body.decode())) == {"amount": "100", "to[id]": "m1", "request_id": specimen.fields["key"]}
    assert not {"Authorization", "Idempotency-Key"} & set(headers)
    assert specimen.fields["payment_id"] == "7"


def test_a_decimal_is_sent_by_the_probes_too(asked):
    """With the digits of the currency."""
    _, received = asked(amount_format="decimal", currency="KWD")
    assert dict(parse_qsl(received[0][3].decode()))["amount"] == "0.100"


def test_a_specimen_in_another_state_is_none(asked):
    """A 200 that says that nothing is held."""
    with pytest.raises(ServiceProblem, match="the reserve that the probe needs was answered 200"):
        asked("failed")


def test_an_acknowledgement_needs_its_status(asked):
    """Whatever the body says."""
    specimen, _ = asked()
    assert acknowledges(RESERVE, specimen.answer)
    assert not acknowledges(Operation("/x", success=(201,)), specimen.answer)
