"""What does this machine lack for a whole review? Said before minutes are spent, each with how to get it."""

import shutil
from collections.abc import Iterator

from drills.power import missing
from gates.schema.target import Target

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "firefox", "xdg-open", "open")


def lacks(target: Target) -> Iterator[str]:
    """One line for each; nothing where the machine has it all, or this target has no use for it."""
    if target.process is not None and (needs := missing()):
        yield f"the power-loss drill will not be run, and its criteria stay unknown: it needs {', '.join(needs)}"
    if not any(shutil.which(name) for name in _BROWSERS):
        yield "no browser to open scorecard.html with: apt-get install chromium, or open the file on another machine"
