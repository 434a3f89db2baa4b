"""`gonogo mcp serve`: an agent pays through its host, once per reference, and reads why where it may not."""

import asyncio
import sys

import httpx
import jsonschema
import msgspec
import pytest
from gateway_process import demo, running
from mcp import Client, StdioServerParameters

from gateway.setup.client import Gateway, read_key
from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.mcp_server import make_server
from gateway.setup.mcp_tools import Tools


async def _call(client, tool, **arguments):
    result = await client.call_tool(tool, arguments)
    text = "".join(part.text for part in result.content)
    if result.is_error:
        return True, text
    schema = next(item.output_schema for item in (await client.list_tools()).tools if item.name == tool)
    jsonschema.Draft202012Validator(schema).validate(result.structured_content)
    assert msgspec.json.decode(text) == result.structured_content
    return False, result.structured_content


def _server(environ):
    command = [sys.executable, "-P", "-m", "scorecards", "mcp", "serve"]
    return StdioServerParameters(command=command[0], args=command[1:], env=environ)


@pytest.mark.process
def test_an_agent_pays_over_stdio_and_its_receipt_is_there(tmp_path):
    """A real server process, a real gateway: each result fits the tool's declared schema, as text and structured."""
    db = tmp_path / "gateway.db"
    made = demo(db)
    wanted = {"wallet_id": made["wallet_id"], "payee_id": made["payee_ids"][0], "amount": "1250", "currency": "USD"}

    async def talk(url):
        environ = {"GONOGO_API_KEY": made["agent_key"], "GONOGO_BASE_URL": url}
        async with Client(_server(environ)) as client:
            assert [tool.name for tool in (await client.list_tools()).tools] == ["status", "dry_run", "payment", "receipt", "pay"]
            assert (await _call(client, "status"))[1]["mode"] == "normal"
            assert (await _call(client, "dry_run", **wanted))[1]["outcome"] == "allow"
            _, paid = await _call(client, "pay", reference="order-1", **wanted)
            assert paid["outcome"] == "settled", paid
            assert (await _call(client, "pay", reference="order-1", **wanted))[1] == paid
            assert (await _call(client, "payment", payment_id=paid["payment_id"]))[1]["amounts"]["settled"] == "1250"
            assert "payload" in (await _call(client, "receipt", receipt_id=paid["receipt_id"]))[1]
            _, other = await _call(client, "pay", reference="order-1", **{**wanted, "amount": "1"})
            assert (other["outcome"], other["code"]) == ("refused", "idempotency_key_reused")
            _, denied = await _call(client, "pay", reference="order-2", **{**wanted, "amount": "100001"})
            assert (denied["outcome"], denied["code"]) == ("refused", "policy_denied")
            assert denied["reasons"]

    with running(db) as gateway:
        asyncio.run(talk(gateway.url))


@pytest.mark.process
def test_without_a_gateway_or_a_key_the_server_starts_and_says_so(tmp_path):
    """A host starts its servers before anybody has set a key; the key is in no message."""

    async def talk(environ, said):
        async with Client(_server(environ)) as client:
            failed, text = await _call(client, "status")
            assert failed
            assert said in text
            assert "hunter22" not in text

    nowhere = {"GONOGO_BASE_URL": "http://127.0.0.1:9"}
    asyncio.run(talk({**nowhere, "GONOGO_API_KEY": "hunter22"}, "service_unreachable"))
    asyncio.run(talk({**nowhere, "GONOGO_KEY_FILE": str(tmp_path / "none")}, "key_missing"))


class Scripted(httpx.AsyncBaseTransport):
    """A gateway that gives what the script says, in its order, and keeps the idempotency keys."""

    def __init__(self, *script):
        self.script = list(script)
        self.keys = []

    async def handle_async_request(self, request):
        """The next answer, or the next failure."""
        self.keys.append(request.headers.get("idempotency-key"))
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        status, body = step
        return httpx.Response(status, json=body)


RESERVED = (201, {"payment": {"payment_id": "pay_1", "state": "reserved"}, "receipt_id": "rcp_1"})
SETTLED = (200, {"payment": {"payment_id": "pay_1", "state": "settled"}, "receipt_id": "rcp_2"})


def _problem(code, moved="no", action="never", after_ms=0, status=409):
    retry = {"action": action, "after_ms": after_ms}
    words = {"title": code, "detail": code, "next_step": "do"}
    return status, {"code": code, "money_moved": moved, "retry": retry, "reasons": [], **words}


BUSY = _problem("storage_busy", action="same_key", status=503)
GARBLED = (502, ["of a proxy"])
LOST = httpx.ReadError("gone")
REFUSED = httpx.ConnectError("refused")

SCRIPTS = [
    ([RESERVED, SETTLED], "settled"),
    ([LOST, RESERVED, LOST, SETTLED], "settled"),
    ([BUSY, BUSY, RESERVED, REFUSED, SETTLED], "settled"),
    ([REFUSED] * 4, "not_sent"),
    ([LOST, REFUSED, REFUSED, REFUSED], "unknown"),
    ([RESERVED, LOST, LOST, LOST, LOST], "unknown"),
    ([RESERVED, *[_problem("internal", "unknown", "same_key", status=500)] * 4], "unknown"),
    ([_problem("policy_denied")], "refused"),
    ([GARBLED, RESERVED, SETTLED], "settled"),
    ([RESERVED, *[GARBLED] * 4], "unknown"),
    ([RESERVED, _problem("paused")], "refused"),
    ([(201, {"payment": {"payment_id": "pay_1", "state": "approval_required"}, "receipt_id": "rcp_1"})], "waits_for_approval"),
]


@pytest.mark.parametrize(
    ("script", "outcome"), SCRIPTS, ids=[f"{number}-{outcome}" for number, (_, outcome) in enumerate(SCRIPTS)]
)
def test_lost_answers_are_sought_again_under_the_same_key(monkeypatch, script, outcome):
    """And where no answer comes, the outcome is unknown rather than refused."""

    async def no_pause(_seconds):
        """Waiting is not what is tested."""

    monkeypatch.setattr("gateway.setup.client.asyncio.sleep", no_pause)
    transport = Scripted(*script)
    tools = Tools(lambda: Gateway("http://gateway", "key", transport))
    done = asyncio.run(tools.pay("order-1", "wal_1", "pye_1", "1250", "USD"))
    assert done["outcome"] == outcome, done
    assert not transport.script
    assert len(set(transport.keys)) <= 2, "one key a step"


def test_a_crash_of_a_tool_is_not_what_the_agent_reads():
    """What is refused is text with a code; an id that is none never reaches a path."""

    async def talk():
        async with Client(make_server(lambda: Gateway("http://gateway", "key", Scripted()))) as client:
            failed, text = await _call(client, "payment", payment_id="../admin/pause")
            assert failed
            assert text.endswith("not_found: '../admin/pause' is no id")
            failed, text = await _call(client, "pay", reference=" ", wallet_id="w", payee_id="p", amount="1", currency="USD")
            assert failed
            assert "reference is empty" in text

    asyncio.run(talk())


def test_the_key_is_read_from_the_variable_or_the_file(tmp_path):
    """A reference that a host passed on unread is no key; neither is what no header can hold."""
    file = tmp_path / "api.key"
    file.write_text("of-the-file\n")
    assert read_key({"GONOGO_API_KEY": "of-the-variable"}, file) == "of-the-variable"
    assert read_key({"GONOGO_API_KEY": "${GONOGO_API_KEY}"}, file) == "of-the-file"
    assert read_key({"GONOGO_KEY_FILE": str(file)}, tmp_path / "none") == "of-the-file"
    for wrong in ({"GONOGO_KEY_FILE": str(tmp_path / "none")}, {"GONOGO_API_KEY": "a b"}, {"GONOGO_API_KEY": "a\nb"}):
        with pytest.raises(SetupProblem) as caught:
            read_key(wrong, tmp_path / "none")
        assert caught.value.code is SetupCode.KEY_MISSING
