"""The MCP server around the tools: the library speaks the protocol, the tools speak to the gateway."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import wraps
from importlib.metadata import version
from typing import Any

from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import INVALID_PARAMS, ToolAnnotations

from gateway.setup.client import Gateway, read_key
from gateway.setup.local import local_state
from gateway.setup.mcp_tools import Result, ToolFailed, Tools

_INSTRUCTIONS = (
    "Pay through the gonogo gateway. Give each purchase one reference and keep it: the same reference never pays twice. "
    "If an outcome is unknown, pay again with the same reference. Amounts are minor units as strings of digits."
)


def run(base_url: str, environ: Mapping[str, str]) -> None:
    """Serve on standard input and output until they are closed."""

    def connect() -> Gateway:
        return Gateway(base_url, read_key(environ, local_state(environ).agent_key_file(base_url)))

    make_server(connect).run("stdio")


def make_server(connect: Callable[[], Gateway]) -> MCPServer[None]:
    """The server; `connect` opens the gateway with the first call."""
    tools = Tools(connect)
    reading = (tools.status, tools.dry_run, tools.payment, tools.receipt)
    names = {tool.__name__ for tool in (*reading, tools.pay)}

    @asynccontextmanager
    async def lifespan(_server: MCPServer[None]) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await tools.close()

    async def refusing(ctx: ServerRequestContext[Any], call_next: CallNext) -> HandlerResult:
        """What does not exist is an error of the protocol; the library takes it for a failed call, or for a defect."""
        name = (ctx.params or {}).get("name")
        if ctx.method == "prompts/get" or (ctx.method == "tools/call" and isinstance(name, str) and name not in names):
            raise MCPError(INVALID_PARAMS, f"Unknown {ctx.method.partition('s/')[0]}: {str(name)[:80]}")
        return await call_next(ctx)

    server = MCPServer[None](
        "gonogo",
        instructions=_INSTRUCTIONS,
        version=version("gonogo"),
        log_level="WARNING",
        lifespan=lifespan,
        middleware=(refusing,),
    )
    reads = ToolAnnotations(read_only_hint=True)
    for tool in reading:
        server.add_tool(_failing(tool), annotations=reads)
    server.add_tool(_failing(tools.pay), annotations=ToolAnnotations(read_only_hint=False, idempotent_hint=True))
    return server


def _failing(tool: Callable[..., Awaitable[Result]]) -> Callable[..., Awaitable[Result]]:
    """The tool, whose failures are read by the agent rather than taken for a crash."""

    @wraps(tool)
    async def call(*args: object, **given: object) -> Result:
        try:
            return await tool(*args, **given)
        except ToolFailed as failed:
            raise ToolError(str(failed)) from None

    return call
