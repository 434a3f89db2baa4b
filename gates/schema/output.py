"""How text gets to people: control characters escaped, and commands printed so that they can be run as they are printed.

A document for programs (JSON, YAML) is written as it is, by `write_document`.
"""

import contextlib
import functools
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import click

from gates.schema.printable import printable

COMMANDS = (
    "review",
    "init",
    "scorecard",
    "gate",
    "evidence",
    "signer",
    "waiver",
    "freeze",
    "finding",
    "incident",
    "slo",
    "state",
    "load",
    "drill",
    "roster",
    "runbook",
    "gateway",
    "setup",
    "host",
    "mcp",
    "receipt",
    "explain",
    "schema",
)
"""The commands of `gonogo`: what stands before one of them in a text is the program's name."""

_NAMED = re.compile(rf"(?<![\w./-])gonogo(?= (?:{'|'.join(COMMANDS)})\b)")


def runnable(text: str) -> str:
    """The text with every command in it named as it can be called from here."""
    return text if program() == "gonogo" else _NAMED.sub(lambda _: program(), text)


def show(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print text for people; what cannot be written to stderr is dropped, for a terminal that is gone must not stop the work."""
    with contextlib.suppress(OSError) if err else contextlib.nullcontext():
        click.echo(runnable("\n".join(printable(line) for line in text.split("\n"))), err=err, nl=nl)


def show_product(product: str | bytes, output_format: str) -> None:
    """Print what a command made, which ends with a line feed: for people in the formats `text` and `md`, else as a document."""
    if isinstance(product, str) and output_format in ("text", "md"):
        show(product, nl=False)
    else:
        write_document(product)


def write_document(data: str | bytes, *, nl: bool = False) -> None:
    """Write a document for programs on stdout, byte for byte."""
    click.echo(data, nl=nl)


@functools.cache
def program() -> str:
    """How `gonogo` is called from here: by its name where the shell finds this very program, else by its path."""
    called = Path(sys.argv[0])
    ours = called if called.name == "gonogo" else Path(sys.executable).with_name("gonogo")
    found = shutil.which("gonogo")
    if not ours.exists() or (found is not None and Path(found).samefile(ours)):
        return "gonogo"
    here = ours if not ours.is_absolute() else Path(os.path.relpath(ours))
    return shlex.quote(str(ours if here.parts[:1] == ("..",) else here))
