"""Which adapter reads which source? One row each."""

from gates.adapters import command, file, junit
from gates.adapters.shape import Adapter

ADAPTERS: dict[str, Adapter] = {
    "command": command.ADAPTER,
    "file": file.ADAPTER,
    "junit": junit.ADAPTER,
}
