"""`python -m gates gate|evidence|receipt|schema ...`, the room as a program of its own."""

import sys

from gates.cli import main
from gates.schema.entry import run

if __name__ == "__main__":
    sys.exit(run(main))
