"""Does every `gonogo ...` line of a runbook exist? Found in its blocks, and held against the real command line parsers."""

import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence

import msgspec

from gates.schema.errors import UnknownProblem
from gates.schema.rooms import room_argv

_LIMIT_S = 120
_OPERATORS = "();<>|&\n"
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)
_BEFORE_A_COMMAND = frozenset({"!", "if", "then", "else", "elif", "while", "until", "do", "exec", "command", "env", "time", "$"})
_PROGRAM = re.compile(r"(?:\S*/)?gonogo")
_PROMPT = re.compile(r"^\$ ", re.MULTILINE)


def gonogo_calls(block: str) -> Iterator[list[str]]:
    """The words after `gonogo` of each call in the text of a block; raises ValueError where its quotes do not pair."""
    text = _PROMPT.sub("", block.replace("\\\n", " "))
    lexer = shlex.shlex(text, posix=True, punctuation_chars=_OPERATORS)
    lexer.whitespace, lexer.whitespace_split = " \t\r", True
    words: list[str] = []
    skip = False
    for token in [*lexer, "\n"]:
        if skip:
            skip = False
        elif not token.strip(_OPERATORS):
            skip = not token.strip("<>") or token in ("&>", ">&", "<&")
            if not skip:
                yield from _call(words)
                words = []
        else:
            words.append(token)


def _call(words: Sequence[str]) -> Iterator[list[str]]:
    for at, word in enumerate(words):
        if _PROGRAM.fullmatch(word):
            yield list(words[at + 1 :])
            return
        if word not in _BEFORE_A_COMMAND and not _ASSIGNMENT.fullmatch(word):
            return


def command_faults(calls: Sequence[Sequence[str]]) -> list[str]:
    """What is wrong with each call, "" where nothing is; the parsers are those of the installed `gonogo`, in a child process."""
    if not calls:
        return []
    data = msgspec.json.encode([list(words) for words in calls])
    done = subprocess.run(room_argv("scorecards.parsing"), input=data, capture_output=True, timeout=_LIMIT_S, check=False)
    try:
        return msgspec.json.decode(done.stdout, type=list[str])
    except msgspec.MsgspecError:
        words = done.stderr.decode(errors="replace").strip() or "no message"
        raise UnknownProblem(f"the commands of gonogo cannot be read: {words.splitlines()[-1]}") from None
