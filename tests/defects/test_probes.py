"""Defects that the probes see without a storm."""

import pytest
from defects import DEFECTS, defective, hold_against, on_trial, put_on_trial

PROBED = on_trial(lambda trial: bool(trial.probes) and not trial.storm)


@pytest.mark.process
@pytest.mark.parametrize("name", PROBED)
def test_the_gates_that_should_catch_the_defect_fail(tmp_path, name):
    """Those gates, by those criteria, and no other gate."""
    trial = DEFECTS[name]
    hold_against(trial, put_on_trial(trial, tmp_path, defective(name, tmp_path)))
