"""Text in Markdown that means nothing but itself: no markup, no HTML, no link, no way out of a cell or a block of code."""

import re

LONGEST = 2_000
"""Characters of one text; what goes beyond is left out, and the text ends with how much."""

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|&~$@])")
_AUTOLINK = re.compile(r"(?i)(?<=\w):(?=//)|(?<=www)\.|(?<=mailto):|(?<=xmpp):")
_BEGINNING = re.compile(r"^([-+=])|^(\d+)([.)])")
_TICKS = re.compile("`+")


def plain(text: str) -> str:
    """The text with everything escaped that GitHub Flavored Markdown gives a meaning to; cut to LONGEST characters."""
    escaped = _AUTOLINK.sub(lambda match: f"\\{match[0]}", _SPECIAL.sub(r"\\\1", cut(text).strip()))
    return _BEGINNING.sub(lambda match: f"\\{match[1]}" if match[1] else f"{match[2]}\\{match[3]}", escaped)


def cut(text: str) -> str:
    """The text, or its first LONGEST characters and how many more there are."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ... ({len(text) - LONGEST} more characters)"


def code_block(text: str, margin: str = "") -> list[str]:
    """A line of code as a block: its fence is longer than any run of backticks inside."""
    fence = "`" * max(3, 1 + max(map(len, _TICKS.findall(text)), default=0))
    return [f"{margin}{fence}sh", f"{margin}{text}", f"{margin}{fence}"]


def row(*cells: str) -> str:
    """A row of a table; cells are Markdown already."""
    return f"| {' | '.join(cells)} |"
