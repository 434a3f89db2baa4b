"""`python -m sim SEED STEPS`: one simulation in a fresh folder; prints the hash of its trace and what happened in it."""

import sys
import tempfile
from pathlib import Path

from sim.life import Simulation


def main(seed: int, steps: int) -> None:
    """Run, and say what happened."""
    with tempfile.TemporaryDirectory(prefix="sim-") as folder:
        run = Simulation(Path(folder), seed)
        run.run(steps)
        run.close()
    sys.stdout.write(run.trace.hexdigest() + "\n")
    for name, count in sorted(run.tally.items()):
        sys.stdout.write(f"{count:8} {name}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
