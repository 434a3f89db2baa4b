"""The command of a next step, to be copied: about the same places as the command before it."""

import shlex
from collections.abc import Mapping


def next_command(words: str, places: Mapping[str, object]) -> str:
    """`words`, then each option of `places` that is given and not among the words, quoted for a shell.

    Without its `--db` a command that somebody copies would work on another database than the one that the hint is about.
    """
    named = {word.split("=", 1)[0] for word in words.split()}
    given = {option: str(value) for option, value in places.items() if value is not None and option not in named}
    return " ".join((words, *(f"{option} {shlex.quote(value)}" for option, value in given.items())))
