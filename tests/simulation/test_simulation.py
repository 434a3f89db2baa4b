"""The simulation: thousands of seeded steps of hostile clients, a jumping clock and dying processes, held against a model."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sim.life import Simulation

SUPPORT = Path(__file__).parents[1] / "support"


def simulate(folder: Path, seed: int, steps: int) -> Simulation:
    """One run; a failure names the command that repeats it."""
    run = Simulation(folder, seed)
    try:
        run.run(steps)
    except Exception as error:
        error.add_note(f"repeat it with: pytest -k simulation --seed {seed} --sim-steps {steps}")
        raise
    finally:
        run.close()
    return run


def test_simulation_of_a_fresh_seed_keeps_every_promise(tmp_path, sim_seed, sim_steps):
    """Whatever comes, every book agrees, every replay repeats its bytes, and no key has a second effect."""
    run = simulate(tmp_path, sim_seed, sim_steps)
    assert run.tally["settle 200"] or sim_steps < 2000, "it was about something"
    assert run.world.deaths or sim_steps < 2000, "it died at least once"


def test_simulation_of_one_seed_is_the_same_twice(tmp_path):
    """Equal seeds give equal traces, another seed another one."""
    traces = []
    for number, seed in enumerate((7, 7, 8)):
        folder = tmp_path / str(number)
        folder.mkdir()
        traces.append(simulate(folder, seed, 600).trace.hexdigest())
    assert traces[0] == traces[1] != traces[2]


@pytest.mark.process
def test_simulation_does_not_depend_on_the_hash_seed():
    """The same trace in processes that order their sets and hashes differently."""
    traces = set()
    for hash_seed in ("1", "2"):
        environ = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join([*sys.path, str(SUPPORT)])}
        argv = [sys.executable, "-m", "sim", "7", "600"]
        done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        traces.add(done.stdout.splitlines()[0])
    assert len(traces) == 1


@pytest.mark.nightly(minutes=1)
@pytest.mark.parametrize("number", range(8))
def test_simulation_all_night(tmp_path, sim_seed, number):
    """Eight further seeds, thirty thousand steps each."""
    simulate(tmp_path, sim_seed + 1 + number, 30_000)
