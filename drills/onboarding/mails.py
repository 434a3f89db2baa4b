"""The code in the newest mail to an address, from the folder into which a gateway in practice writes its mails."""

import email
import email.policy
import re
from collections.abc import Callable
from pathlib import Path
from time import sleep

from gates.schema.errors import UnknownProblem
from gates.schema.time import monotonic_s

WITHIN_S = 20.0
"""A mail is written within a second; a machine under load takes longer."""
_POLL_S = 0.1
_CODE = re.compile(r"(?<![0-9])[0-9]{8}(?![0-9])")


def reader(folder: Path, pause: Callable[[float], None] = sleep) -> Callable[[str], str]:
    """What waits for the mail to an address and returns its code; raises UnknownProblem where none comes."""

    def newest_code(address: str) -> str:
        until = monotonic_s() + WITHIN_S
        while monotonic_s() < until:
            found = sorted(_codes(folder, address))
            if found:
                return found[-1][1]
            pause(_POLL_S)
        raise UnknownProblem(f"{folder.name}: no mail with a code for {address} within {WITHIN_S:.0f} s")

    return newest_code


def _codes(folder: Path, address: str) -> list[tuple[int, str]]:
    """The codes of the mails to this address, each with the time of its file."""
    codes = []
    for path in folder.glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        body = mail.get_body(("plain",))
        code = _CODE.search(body.get_content()) if body is not None else None
        if code is not None and address in str(mail["To"]):
            codes.append((path.stat().st_mtime_ns, code[0]))
    return codes
