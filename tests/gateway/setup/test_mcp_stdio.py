"""What every MCP server has to do over stdio, which the official suite does not speak: by the SDK's client and by hand."""

import asyncio
import subprocess
import threading

import jsonschema
import msgspec
import pytest
from loopback import serving
from mcp import Client, MCPError, StdioServerParameters
from mcp_wire import END_S, NOWHERE, server_argv, stdio

from gateway.setup.local import LocalState

pytestmark = [
    pytest.mark.process,
    pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning"),  # hosts use what the newest version drops
]

KEY = "gng_agent_live_secret"
STATUS = b'{"mode": "normal", "build": "b"}'


class Holding:
    """A gateway whose status is held back until the test lets it go."""

    def __init__(self):
        self.reached, self.released = threading.Event(), threading.Event()
        self.requests = 0

    def answer(self, *_request):
        """The status, late."""
        self.requests += 1
        self.reached.set()
        assert self.released.wait(END_S)
        return 200, {"content-type": "application/json"}, STATUS


@pytest.fixture
def held():
    """Such a gateway, and its address."""
    service = Holding()
    with serving(service) as url:
        yield service, url
        service.released.set()


def with_client(talk, url=NOWHERE, given=None, **more):
    """Talk to the real command through the SDK's own client."""
    argv = server_argv()
    environ = {"GONOGO_BASE_URL": url, **({"GONOGO_API_KEY": KEY} if given is None else given)}

    async def run():
        async with Client(StdioServerParameters(command=argv[0], args=argv[1:], env=environ), **more) as client:
            return await talk(client)

    return asyncio.run(run())


def test_the_sdks_client_agrees_on_a_version_and_finds_tools_alone():
    """It initializes, pings, and finds five tools, no resource and no prompt."""

    async def talk(client):
        await client.send_ping()
        tools = [tool.name for tool in (await client.list_tools()).tools]
        resources, prompts = (await client.list_resources()).resources, (await client.list_prompts()).prompts
        return client.protocol_version, client.server_info.name, tools, [*resources, *prompts]

    version, name, tools, others = with_client(talk, mode="legacy")
    assert (version, name, others) == ("2025-11-25", "gonogo", [])
    assert tools == ["status", "dry_run", "payment", "receipt", "pay"]


def test_every_schema_of_a_tool_is_a_valid_one_and_names_its_arguments():
    """JSON Schema 2020-12 for input and output; what is required is described, and `pay` alone may change anything."""

    async def talk(client):
        return (await client.list_tools()).tools

    tools = with_client(talk)
    for tool in tools:
        for schema in (tool.input_schema, tool.output_schema):
            assert schema["type"] == "object"
            jsonschema.Draft202012Validator.check_schema(schema)
        assert set(tool.input_schema.get("required", [])) <= set(tool.input_schema["properties"])
    assert [tool.name for tool in tools if not tool.annotations.read_only_hint] == ["pay"]


NOT_OFFERED = (
    (lambda client: client.read_resource("test://static-text"), (-32002, -32602)),
    (lambda client: client.get_prompt("no_such_prompt"), (-32602,)),
    (lambda client: client.subscribe_resource("test://static-text"), (-32601,)),
    (lambda client: client.call_tool("no_such_tool", {}), (-32602,)),
)


def test_what_is_not_offered_is_refused_with_an_error_of_the_protocol():
    """An unknown resource, prompt or tool, and a method that is not there; the server goes on after each."""

    async def talk(client):
        for call, codes in NOT_OFFERED:
            with pytest.raises(MCPError) as caught:
                await call(client)
            assert caught.value.error.code in codes
            await client.send_ping()

    with_client(talk, mode="legacy")


FAILING = (
    ("payment", {}, "payment_id"),
    ("payment", {"payment_id": 7}, "payment_id"),
    ("pay", {"reference": "order-1"}, "wallet_id"),
    ("payment", {"payment_id": "../admin"}, "not_found"),
    ("status", {}, "service_unreachable"),
)


def test_a_call_that_fails_is_an_error_that_the_agent_can_read():
    """Arguments that are missing, of another type or no id, no gateway: `isError` with a text that says so, without the key."""

    async def talk(client):
        for tool, arguments, said in FAILING:
            result = await client.call_tool(tool, arguments)
            assert (result.is_error, [part.type for part in result.content]) == (True, ["text"])
            assert said in result.content[0].text
            assert KEY not in result.content[0].text

    with_client(talk)


def test_a_request_that_was_cancelled_gets_no_result_and_the_next_one_does(tmp_path, held):
    """Its answer from the gateway comes too late, and is not sent on."""
    service, url = held
    with stdio(tmp_path, url, KEY) as wire:
        wire.begin()
        request = wire.begin_request("tools/call", {"name": "status", "arguments": {}})
        assert service.reached.wait(END_S)
        wire.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": request, "reason": "enough"}})
        answers = [wire.find("ping")]
        service.released.set()
        called = wire.ask("tools/call", {"name": "status", "arguments": {}})
        assert (answers[0]["result"], called["result"]["isError"]) == ({}, False)
        assert called["id"] != request


def test_requests_are_answered_in_any_order_each_by_its_id(tmp_path, held):
    """A slow call holds up no ping."""
    service, url = held
    with stdio(tmp_path, url, KEY) as wire:
        wire.begin()
        slow = wire.begin_request("tools/call", {"name": "status", "arguments": {}})
        assert service.reached.wait(END_S)
        assert wire.ask("ping")["result"] == {}
        service.released.set()
        answer = wire.receive()
        assert (answer["id"], answer["result"]["structuredContent"]["mode"]) == (slow, "normal")


def test_the_end_of_its_input_ends_the_server_in_the_middle_of_a_call(tmp_path, held):
    """With 0, while the gateway has not answered; standard output holds messages of the protocol and nothing else."""
    service, url = held
    environ = {"GONOGO_BASE_URL": url, "GONOGO_API_KEY": KEY, "HOME": str(tmp_path), "PATH": ""}
    begin = (
        b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
        b'"clientInfo":{"name":"a test","version":"1"}}}\n'
        b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
        b'{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"status","arguments":{}}}\n'
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(server_argv(), env=environ, **pipes) as process:
        process.stdin.write(begin)
        process.stdin.flush()
        assert service.reached.wait(END_S)
        said, log = process.communicate(timeout=END_S)
    assert process.returncode == 0, log
    answers = [msgspec.json.decode(line) for line in said.splitlines()]
    assert [answer["jsonrpc"] for answer in answers] == ["2.0"] * len(answers)
    assert [answer["id"] for answer in answers if "result" in answer] == [1]
    assert KEY.encode() not in said + log


class Noting:
    """A gateway that answers with its status, and notes the key of each request."""

    def __init__(self):
        self.keys = []

    def answer(self, _method, _target, headers, _body):
        """The status."""
        self.keys.append(headers.get("authorization"))
        return 200, {"content-type": "application/json"}, STATUS


def test_a_key_that_a_setup_saved_in_another_file_is_found(tmp_path):
    """With `--key-file`; for this gateway alone."""
    service, local = Noting(), LocalState(tmp_path / "state")
    with serving(service) as url:
        with local.locked():
            local.begin("run_" + "1" * 32, url)
            local.save_key(tmp_path / "other.key", "gng_of_another", NOWHERE)
            local.save_key(tmp_path / "mine.key", KEY, url)
        with_client(lambda client: client.call_tool("status", {}), url, {"GONOGO_SETUP_STATE": str(tmp_path / "state")})
    assert service.keys == [f"Bearer {KEY}"]
