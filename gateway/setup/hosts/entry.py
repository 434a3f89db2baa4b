"""Our entry in a host's list of servers: what it says for each style, and how one of ours is recognised."""

from pathlib import PurePath

import msgspec

from gateway.setup.hosts.table import EntryStyle, Host

ARGS = ("mcp", "serve")
KEY_VARIABLE = "GONOGO_API_KEY"
URL_VARIABLE = "GONOGO_BASE_URL"
KEY_FILE_VARIABLE = "GONOGO_KEY_FILE"

Value = str | bool | list[str] | dict[str, str]
"""A member of an entry."""

Entry = dict[str, Value]


class Server(msgspec.Struct, frozen=True):
    """What a host will start: the program, the gateway it speaks to, and the file of the key for hosts without references."""

    command: str
    base_url: str
    key_file: str


def entry_of(host: Host, server: Server) -> Entry:
    """The entry as a value. It holds the key's name or its file, never the key."""
    environ = {URL_VARIABLE: server.base_url}
    if host.style is EntryStyle.TABLE:
        return {"command": server.command, "args": [*ARGS], "env_vars": [KEY_VARIABLE], "env": environ}
    if host.reference is None:
        environ[KEY_FILE_VARIABLE] = server.key_file
    else:
        environ[KEY_VARIABLE] = host.reference.replace("NAME", KEY_VARIABLE)
    if host.style is EntryStyle.ARGV:
        return {"type": "local", "command": [server.command, *ARGS], "environment": environ, "enabled": True}
    plain: Entry = {"command": server.command, "args": [*ARGS], "env": environ}
    if host.style is EntryStyle.TYPED:
        return {"type": "stdio", **plain}
    if host.style is EntryStyle.TOOLS:
        return {"type": "local", **plain, "tools": ["*"]}
    return plain


def is_ours(value: object) -> bool:
    """Whether an entry starts `gonogo mcp serve`, from wherever, or a program of another name that it gives our gateway."""
    if not isinstance(value, dict):
        return False
    command, args = value.get("command"), value.get("args", [])
    argv = command if isinstance(command, list) else [command, *args] if isinstance(args, list) else []
    if not all(isinstance(part, str) for part in argv) or len(argv) != 1 + len(ARGS):
        return False
    name = PurePath(argv[0].replace("\\", "/")).name.removesuffix(".exe")
    environ = value.get("env", value.get("environment"))
    return tuple(argv[1:]) == ARGS and (name == "gonogo" or (isinstance(environ, dict) and URL_VARIABLE in environ))
