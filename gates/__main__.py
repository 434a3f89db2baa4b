"""`python -m gates gate|evidence|receipt|schema ...`, the package as a program."""

import sys

from gates.cli import main
from gates.schema.entry import run

if __name__ == "__main__":
    sys.exit(run(main))
