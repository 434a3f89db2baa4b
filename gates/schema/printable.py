"""Text that came from elsewhere, as it may be printed: no character in it moves the cursor or begins a line."""

import re

CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters, line separators and changes of writing direction: no name or id has a use for them."""


def printable(text: str) -> str:
    r"""The text with everything that is not printable as an escape, a line end as `\n`."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
