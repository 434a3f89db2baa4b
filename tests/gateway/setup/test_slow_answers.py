"""A service that drips its answer, byte by byte: each byte comes in time, and the answer as a whole never does."""

import asyncio

import pytest
from dripping import dripping

from gateway.setup.client import Gateway
from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.wire import Call, NoAnswer, Wire

pytestmark = pytest.mark.process

LIMIT_S = 0.3
BODY = b'{"outcome": "deny"}'.ljust(100)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n" % len(BODY)
SLOW_HEAD = HEAD + b"x-padding: " + b"a" * 200 + b"\r\n\r\n"


PARTS = pytest.mark.parametrize(
    ("quick", "slow"),
    [(HEAD + b"\r\n", BODY), (b"", SLOW_HEAD + BODY)],
    ids=["body", "head"],
)


@PARTS
def test_an_answer_that_drips_is_given_up_at_the_limit_of_the_whole(quick, slow):
    """service_unreachable with the limit, after the usual tries; the answer would have been a good one."""
    with dripping(quick, slow) as url:
        wire = Wire(url, pause=lambda _seconds: None, answer_s=LIMIT_S)
        with pytest.raises(NoAnswer, match=r"not whole within 0\.3 s") as caught:
            wire.send(Call("/v1/x", {}, key="k" * 16))
        wire.close()
    assert (caught.value.code, caught.value.arrived) == (SetupCode.SERVICE_UNREACHABLE, True)


@PARTS
def test_the_hosts_server_gives_a_dripping_gateway_up_too(monkeypatch, quick, slow):
    """A read is unreachable, and of a payment it is not known whether it was made."""

    async def no_pause(_seconds):
        """Waiting is not what is tested."""

    async def failed(url):
        gateway = Gateway(url, "gng_agent_x", answer_s=LIMIT_S)
        try:
            with pytest.raises(SetupProblem) as read:
                await gateway.read("/v1/status")
            with pytest.raises(SetupProblem) as paid:
                await gateway.decide("/v1/payments", {}, "k" * 16)
        finally:
            await gateway.close()
        return read.value.code, paid.value.code

    monkeypatch.setattr("gateway.setup.client.asyncio.sleep", no_pause)
    with dripping(quick, slow) as url:
        assert asyncio.run(failed(url)) == (SetupCode.SERVICE_UNREACHABLE, SetupCode.CALL_UNKNOWN)


def test_an_answer_that_is_whole_within_the_limit_is_taken():
    """However its bytes are spread."""
    with dripping(b"", HEAD + b"\r\n" + BODY) as url:
        wire = Wire(url, answer_s=60)
        assert wire.send(Call("/v1/x")).decoded() == {"outcome": "deny"}
        wire.close()
