"""The simulation on defective gateways: some thousand steps of one seed end with a broken promise."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from defects import DEFECTS, defective

from gateway import package_dir

SEEDS = {name: trial.seed for name, trial in DEFECTS.items() if trial.seed is not None}
STEPS = "4000"

pytestmark = pytest.mark.process


@pytest.mark.parametrize(("name", "seed"), SEEDS.items(), ids=SEEDS.keys())
def test_the_simulation_finds_the_defect(tmp_path, name, seed):
    """The run ends with what does not hold."""
    done = _simulate(defective(name, tmp_path), seed)
    assert done.returncode == 1, done.stdout
    assert done.stderr.rstrip().splitlines()[-1].startswith(("AssertionError", "sqlite3.IntegrityError")), done.stderr


@pytest.mark.parametrize("seed", sorted(set(SEEDS.values())))
def test_the_simulation_finds_nothing_in_the_gateway_as_it_is(seed):
    """The control: the same seeds run to their end."""
    done = _simulate(package_dir().parent, seed)
    assert done.returncode == 0, done.stderr


def _simulate(sources: Path, seed: int) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(sources), *sys.path]), "PYTHONSAFEPATH": "1"}
    argv = [sys.executable, "-m", "sim", str(seed), STEPS]
    return subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=300, check=False)
