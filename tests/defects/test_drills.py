"""Defects that show once the gateway is killed, once the power fails, or once the rail misbehaves."""

import pytest
from defects import DEFECTS, defective, hold_against, on_trial
from toolkit import Toolkit

CRASHED = on_trial(lambda trial: trial.crash)
UNPOWERED = on_trial(lambda trial: trial.power)
MISLED = on_trial(lambda trial: bool(trial.fault))

pytestmark = pytest.mark.process


@pytest.mark.parametrize("name", CRASHED)
def test_the_gates_that_should_catch_the_defect_fail_once_the_gateway_is_killed(tmp_path, name):
    """The crash drill's evidence fails those gates, by those criteria, and no other gate."""
    hold_against(DEFECTS[name], Toolkit(tmp_path, defective(name, tmp_path)).drill("crash"))


@pytest.mark.power
@pytest.mark.parametrize("name", UNPOWERED)
def test_the_gates_that_should_catch_the_defect_fail_once_the_power_fails(tmp_path, name):
    """The power drill's evidence fails those gates, by those criteria, and no other gate."""
    hold_against(DEFECTS[name], Toolkit(tmp_path, defective(name, tmp_path)).drill("power"))


@pytest.mark.parametrize("name", MISLED)
def test_the_gates_that_should_catch_the_defect_fail_once_the_rail_misbehaves(tmp_path, name):
    """The hostile-rail kit's evidence fails those gates, by those criteria, and no other gate."""
    trial = DEFECTS[name]
    hold_against(trial, Toolkit(tmp_path, defective(name, tmp_path)).hostile_rail(trial.fault))


@pytest.mark.nightly
def test_the_gateway_as_it_is_fails_no_gate(tmp_path):
    """The control, for both: nothing fails."""
    for folder in (tmp_path / "crash", tmp_path / "rail"):
        folder.mkdir()
    assert Toolkit(tmp_path / "crash").drill("crash").gates == frozenset()
    faults = sorted({trial.fault for trial in DEFECTS.values() if trial.fault})
    assert Toolkit(tmp_path / "rail").hostile_rail(*faults).gates == frozenset()
