"""`python -m drills` is `gonogo drill`."""

import sys

from drills.cli import drill
from gates.schema.entry import run

if __name__ == "__main__":
    sys.exit(run(drill))
