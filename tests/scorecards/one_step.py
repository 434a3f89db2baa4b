"""`gonogo` whose review does one step of its plan: `one_step.py STEP review ...`; a test need not sit through the rest."""

import sys

from scorecards import review
from scorecards.cli import main
from scorecards.plan import STEPS

if __name__ == "__main__":
    wanted = sys.argv.pop(1)
    review.STEPS = tuple(step for step in STEPS if step.name == wanted)
    assert review.STEPS, f"no step is called {wanted}"
    sys.exit(main())
