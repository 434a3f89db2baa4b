"""`python -m loadtests`: the same as `gonogo load`."""

import sys

from gates.schema.entry import run
from loadtests.cli import load

if __name__ == "__main__":
    sys.exit(run(load))
