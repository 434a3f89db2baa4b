"""`python -m drills.runbook` is `gonogo runbook`."""

import sys

from drills.runbook.cli import runbook
from gates.schema.entry import run

if __name__ == "__main__":
    sys.exit(run(runbook))
