"""`python -m drills` whose load test is the small storm of this folder."""

import sys
from pathlib import Path

from drills import perform, storm
from drills.cli import drill
from gates.schema.entry import run

if __name__ == "__main__":
    perform._require_own_kind = lambda *_: None  # small drills stand in for the shipped ones
    storm.LOAD = (sys.executable, str(Path(__file__).with_name("drill_storm.py")))
    sys.exit(run(drill))
