"""What a hostile or broken gateway answers: each is a refusal or no gateway, and none ends the client with a defect."""

import asyncio
import base64
import json

import pytest
from loopback import serving

from gateway.setup.client import Gateway, Refused
from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.receipts import payload_of
from gateway.setup.steps.probe import document_of
from gateway.setup.wire import Call, RequestRefused, Wire

pytestmark = pytest.mark.process

DEEP = 100_000
NESTED = b'{"a":' * DEEP + b"1" + b"}" * DEEP


class Answers:
    """A service that answers each request with the same bytes."""

    def __init__(self, status, body, headers=None):
        self.told = status, headers or {}, body

    def answer(self, *_request):
        """The same, whatever is requested."""
        return self.told


def problem(retry=b"{}"):
    """A problem document with this member `retry`."""
    text = {"code": "rate_limited", "title": "t", "detail": "d", "money_moved": "no", "next_step": "n"}
    return json.dumps(text).encode()[:-1] + b', "retry": ' + retry + b"}"


def sent(service):
    """What a request to this service comes to, and the pauses that were made."""
    pauses = []
    with serving(service) as url:
        wire = Wire(url, pause=pauses.append)
        try:
            return wire.send(Call("/v1/x", {}, key="k" * 16)), pauses, wire
        except SetupProblem as problem:
            return problem, pauses, wire
        except RequestRefused as refused:
            return refused, pauses, wire
        finally:
            wire.close()


@pytest.mark.parametrize("after_ms", [b"-5", b"-1" + b"0" * 400, b"1" + b"0" * 400, b"true", b"1e300"])
def test_no_pause_is_negative_or_longer_than_five_seconds(after_ms):
    """A retry of any length is waited for between nothing and five seconds."""
    found, pauses, _ = sent(Answers(503, problem(b'{"action": "same_key", "after_ms": ' + after_ms + b"}")))
    assert isinstance(found, RequestRefused)
    assert all(0 <= pause <= 5 for pause in pauses)


@pytest.mark.parametrize("after", ["9" * 5000, "-3", "1.5", "soon", "\xb2"])
def test_a_retry_after_that_is_no_number_of_seconds_is_passed_over(after):
    """The refusal counts without it."""
    found, _, _ = sent(Answers(429, problem(), {"retry-after": after}))
    assert isinstance(found, RequestRefused)
    assert found.retry_after_s is None


@pytest.mark.parametrize("body", [NESTED, problem(NESTED)])
def test_a_problem_that_is_nested_too_deeply_is_of_no_gateway(body):
    """service_unreachable says what answered."""
    found, _, _ = sent(Answers(400, body))
    assert isinstance(found, SetupProblem)
    assert found.code is SetupCode.SERVICE_UNREACHABLE


def test_an_answer_that_is_nested_too_deeply_is_of_no_gateway():
    """As an answer, as the document of the sign-in, and as a receipt."""
    answer, _, wire = sent(Answers(200, NESTED))
    for read in (answer.decoded, lambda: document_of(answer, wire, lambda: None)):
        with pytest.raises(SetupProblem, match="no gateway"):
            read()
    assert payload_of({"payload": base64.b64encode(NESTED).decode()}) is None


@pytest.mark.parametrize("status", [200, 400])
def test_the_hosts_server_takes_no_nested_answer_either(status):
    """The connection that an agent's host uses says that no gateway answered."""

    async def read(url):
        gateway = Gateway(url, "gng_agent_x")
        try:
            return await gateway.read("/v1/status")
        except Refused as refused:
            return refused
        finally:
            await gateway.close()

    with serving(Answers(status, NESTED)) as url, pytest.raises(SetupProblem):
        asyncio.run(read(url))
