"""`gonogo mcp`: the gateway as an MCP server, for the host of an agent."""

import os

import click

from gateway.process import HOST, PORT


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def mcp() -> None:
    """Let an agent pay through its host."""


@mcp.command()
@click.option("--base-url", envvar="GONOGO_BASE_URL", default=f"http://{HOST}:{PORT}", show_default=True, help="The gateway.")
def serve(base_url: str) -> None:
    """Serve status, dry-run, pay, payment and receipt on standard input and output until the host closes them.

    The key is that of GONOGO_API_KEY, or of the file that GONOGO_KEY_FILE names. Its policy decides what may be paid.
    """
    try:
        from gateway.setup.mcp_server import run
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error.name} is not installed\n  next: pip install 'gonogo[setup]'") from None

    run(base_url.rstrip("/"), os.environ)
