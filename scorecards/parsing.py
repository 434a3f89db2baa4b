"""Is this a command line of gonogo? Held against the commands themselves, nothing is run.

`python -m scorecards.parsing` reads a JSON array of command lines (arrays of the words after `gonogo`) on stdin, and prints a
JSON array with what is wrong with each, "" where nothing is. A word with `$` stands for any value.
"""

import sys
from collections.abc import Sequence

import click
import msgspec

from gates.schema.output import write_document
from scorecards.cli import gonogo

_CHECKED = (click.Choice, click.IntRange)
_ANY = "$"


def fault_of(words: Sequence[str]) -> str:
    """What is wrong with the words after `gonogo`; "" where they are a command with options and arguments that it takes."""
    try:
        return _fault(gonogo, "gonogo", list(words))
    except click.ClickException as error:
        return error.format_message()


def _fault(command: click.Command, name: str, words: list[str]) -> str:
    context = click.Context(command, info_name=name)
    values, rest, _ = command.make_parser(context).parse_args(words)
    if any(option in words for option in ("--help", "-h", "--version")):
        return ""
    if isinstance(command, click.Group):
        if not rest:
            return f"{name} needs a command"
        found = command.get_command(context, rest[0])
        return _fault(found, f"{name} {rest[0]}", rest[1:]) if found else f"no command is called {name} {rest[0]}"
    if rest:
        return f"{name} takes no {' '.join(rest)}"
    faults = (_value_fault(param, values.get(str(param.name)), context) for param in command.params)
    return next((f"{name}: {fault}" for fault in faults if fault), "")


def _value_fault(param: click.Parameter, value: object, context: click.Context) -> str:
    """A value that is missing, or that is none of those to choose from."""
    many = value if isinstance(value, list | tuple) else (value,)
    given = [one for one in many if isinstance(one, str)]
    if param.required and not given:
        return f"needs {param.opts[0] if isinstance(param, click.Option) else param.human_readable_name}"
    if not isinstance(param.type, _CHECKED):
        return ""
    for one in given:
        if _ANY not in one:
            param.type(one, param, context)
    return ""


def main() -> None:
    """Answer one JSON array with another."""
    lines = msgspec.json.decode(sys.stdin.buffer.read(), type=list[list[str]])
    write_document(msgspec.json.encode([fault_of(words) for words in lines]), nl=True)


if __name__ == "__main__":
    main()
