"""`python -m drills.onboarding` walks setups; `gonogo review` starts it."""

import sys

from drills.onboarding.cli import walk
from gates.schema.entry import run

if __name__ == "__main__":
    sys.exit(run(walk))
