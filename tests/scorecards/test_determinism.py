"""The same folder gives the same bytes under another hash seed, zone and locale, in another process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from statements import reviewed
from weeks import Weeks

from gates.evidence.dsse import Signer
from gates.evidence.store import Held

ENVIRONMENTS = [
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8"},
]


@pytest.mark.process
def test_yaml_and_html_do_not_depend_on_hash_seed_zone_or_locale(
    tmp_path: Path, signer: Signer, gates: tuple, evidence: list[Held]
) -> None:
    """Two processes with nothing in common but the folder write what this one wrote."""
    life = Weeks(tmp_path / "home", signer)
    life.add(evidence, "2026-11-27T11:50:00Z")
    _, out = life.judge(gates, reviewed("5f" * 32), "2026-11-27T12:05:00Z")
    for number, environment in enumerate(ENVIRONMENTS):
        again = tmp_path / f"again-{number}"
        argv = [sys.executable, "-m", "scorecards", "scorecard", "build", str(out), "--out", str(again)]
        env = {**os.environ, **environment, "GONOGO_HOME": str(tmp_path / "home")}
        done = subprocess.run(argv, env=env, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 1, done.stderr.decode()
        for name in ("scorecard.yaml", "scorecard.html"):
            assert (again / name).read_bytes() == (out / name).read_bytes()
