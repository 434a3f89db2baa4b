"""Where does a gate's runbook lie? A relative path to a file that exists, or an https address; nothing else becomes a link."""

import re
from pathlib import Path

INSTALLATION = Path(__file__).parents[2]
_INSTALLED = INSTALLATION / "gates"  # where a wheel has them, so that nothing called `runbooks` is installed at the top
_PATH = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]*/)*[A-Za-z0-9_][A-Za-z0-9._-]*(?:#[A-Za-z0-9._-]+)?")
_NO_LETTER = re.compile(r"[^\w\- ]")
_ADDRESS = re.compile(r"https://[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~!$&()*+,;=:@%/?#-]*)?")
RULE = "a runbook is a relative path without `..`, such as runbooks/settle.md, or an https address"


def is_address(runbook: str) -> bool:
    """Whether it is an https address."""
    return _ADDRESS.fullmatch(runbook) is not None


def is_link(runbook: str) -> bool:
    """Whether a page may link to it: no other scheme, no way out of the folder of the page."""
    return is_address(runbook) or _PATH.fullmatch(runbook) is not None


def find_runbook(runbook: str, folder: Path) -> Path | None:
    """The file of a relative path, None where there is none.

    It lies next to the gate files of `folder`, in the folder above them, or in this installation, and not outside of these.
    """
    if is_address(runbook) or not is_link(runbook):
        return None
    for base in (folder.resolve(), folder.resolve().parent, INSTALLATION.resolve(), _INSTALLED.resolve()):
        found = (base / runbook.partition("#")[0]).resolve()
        if found.is_file() and found.is_relative_to(base):
            return found
    return None


def shipped_folder() -> Path:
    """The folder of the runbooks that gonogo ships."""
    own = INSTALLATION / "runbooks"
    return own if own.is_dir() else _INSTALLED / "runbooks"


def slug(heading: str) -> str:
    """The id of a heading, as the usual viewers of Markdown make it."""
    return _NO_LETTER.sub("", heading.lower()).strip().replace(" ", "-")
