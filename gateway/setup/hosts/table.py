"""The hosts as rows: their file, its format, where servers stand in it, and the command that shows what the host sees.

Facts were measured offline on the versions that `certified.json` names, or read in the hosts' own documentation.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from gateway.setup.failures import SetupCode, SetupProblem


class Format(StrEnum):
    """How a host's file is written; JSONC is JSON with comments and trailing commas."""

    JSON = "json"
    JSONC = "jsonc"
    TOML = "toml"


class Tier(StrEnum):
    """How well a host is known: it connected to our server, its own list showed the entry, or its format alone was followed."""

    RAN = "ran"
    READ = "read"
    WRITTEN = "written"


class EntryStyle(StrEnum):
    """The shape of an entry."""

    STDIO = "stdio"
    TYPED = "typed"
    TOOLS = "tools"
    ARGV = "argv"
    TABLE = "table"


class Asking(msgspec.Struct, frozen=True):
    """How a host shows what it sees: a command line, and the word on the line of a server that is connected, if any."""

    argv: tuple[str, ...]
    connected: str | None = None
    environ: dict[str, str] = {}


class Host(msgspec.Struct, frozen=True):
    """One host. `files` are templates by platform; `project` is a file relative to a project's folder.

    `reference` is how the file refers to the environment variable NAME; None where it cannot, and the file of the key is named.
    `npm` is the package that brings the host.
    """

    id: str
    title: str
    tier: Tier
    format: Format
    container: str
    style: EntryStyle
    files: dict[str, str]
    reference: str | None = None
    project: str | None = None
    reads_bom: bool = False
    npm: str | None = None
    asking: Asking | None = None
    trap: str = ""


def _everywhere(template: str) -> dict[str, str]:
    return {"linux": template, "darwin": template, "win32": template}


HOSTS = (
    Host(
        "claude-code",
        "Claude Code",
        Tier.RAN,
        Format.JSON,
        "mcpServers",
        EntryStyle.STDIO,
        _everywhere("{CLAUDE_CONFIG_DIR:~}/.claude.json"),
        reference="${NAME}",
        project=".mcp.json",
        asking=Asking(("claude", "mcp", "list"), "Connected"),
        npm="@anthropic-ai/claude-code",
        trap="Comments are fatal to it. Its list ends with exit code 0 also where a server is dead.",
    ),
    Host(
        "gemini",
        "Gemini CLI",
        Tier.RAN,
        Format.JSONC,
        "mcpServers",
        EntryStyle.STDIO,
        _everywhere("~/.gemini/settings.json"),
        reference="$NAME",
        project=".gemini/settings.json",
        asking=Asking(("gemini", "mcp", "list"), "Connected", {"GEMINI_CLI_TRUST_WORKSPACE": "true"}),
        npm="@google/gemini-cli",
        trap="It refuses a byte order mark, and disables all servers in a folder that you have not marked as trusted.",
    ),
    Host(
        "opencode",
        "opencode",
        Tier.RAN,
        Format.JSONC,
        "mcp",
        EntryStyle.ARGV,
        _everywhere("{XDG_CONFIG_HOME:~/.config}/opencode/opencode.json"),
        reference="{env:NAME}",
        project="opencode.json",
        asking=Asking(("opencode", "mcp", "list"), "connected"),
        npm="opencode-ai",
    ),
    Host(
        "codex",
        "Codex",
        Tier.READ,
        Format.TOML,
        "mcp_servers",
        EntryStyle.TABLE,
        _everywhere("{CODEX_HOME:~/.codex}/config.toml"),
        asking=Asking(("codex", "mcp", "list")),
        npm="@openai/codex",
        trap="One bad entry stops it. Its own `mcp add` drops comments and keys that it does not know.",
    ),
    Host(
        "copilot",
        "Copilot CLI",
        Tier.READ,
        Format.JSON,
        "mcpServers",
        EntryStyle.TOOLS,
        _everywhere("~/.copilot/mcp-config.json"),
        asking=Asking(("copilot", "mcp", "list")),
        npm="@github/copilot",
    ),
    Host(
        "claude-desktop",
        "Claude Desktop",
        Tier.WRITTEN,
        Format.JSON,
        "mcpServers",
        EntryStyle.STDIO,
        {
            "darwin": "~/Library/Application Support/Claude/claude_desktop_config.json",
            "win32": "{APPDATA:~/AppData/Roaming}/Claude/claude_desktop_config.json",
        },
        trap="A byte order mark resets its file. The running app overwrites it: quit the app first.",
    ),
    Host(
        "cursor",
        "Cursor",
        Tier.WRITTEN,
        Format.JSON,
        "mcpServers",
        EntryStyle.STDIO,
        _everywhere("~/.cursor/mcp.json"),
        reference="${env:NAME}",
        project=".cursor/mcp.json",
    ),
    Host(
        "vscode",
        "VS Code",
        Tier.WRITTEN,
        Format.JSONC,
        "servers",
        EntryStyle.TYPED,
        {
            "linux": "{XDG_CONFIG_HOME:~/.config}/Code/User/mcp.json",
            "darwin": "~/Library/Application Support/Code/User/mcp.json",
            "win32": "{APPDATA:~/AppData/Roaming}/Code/User/mcp.json",
        },
        project=".vscode/mcp.json",
        reads_bom=True,
    ),
)
"""In the order of their tiers."""

BY_ID = {host.id: host for host in HOSTS}


def host_file(host: Host, platform: str, home: Path, environ: Mapping[str, str]) -> Path:
    """The host's file for this user; raises SetupProblem(host_not_found) where the host does not exist for the platform."""
    template = host.files.get(platform)
    if template is None:
        raise SetupProblem(SetupCode.HOST_NOT_FOUND, f"{host.title} is not made for {platform}; name a file with --file")
    if template.startswith("{"):
        name, _, rest = template[1:].partition(":")
        default, _, rest = rest.partition("}")
        template = (environ.get(name) or default) + rest
    return home / template.removeprefix("~/") if template.startswith("~/") else Path(template)
