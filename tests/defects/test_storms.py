"""Defects that a retry storm brings out, with the probes that see the rest of them."""

import pytest
from by_night import number_of_the_night
from defects import DEFECTS, FOLDER, Trial, defective, hold_against, on_trial, put_on_trial
from toolkit import PROBES

STORMS = on_trial(lambda trial: trial.storm)
EVERYTHING = Trial({}, storm=True, probes=PROBES)


def test_every_defect_is_on_trial():
    """The table and the folder name the same defects, a dozen at least, and each is brought out by something."""
    assert {path.stem for path in FOLDER.glob("*.yaml")} == DEFECTS.keys()
    assert sum(bool(trial.caught) for trial in DEFECTS.values()) >= 12
    assert all(trial.caught or trial.seed is not None for trial in DEFECTS.values())


@pytest.mark.process
@pytest.mark.parametrize("name", STORMS)
def test_the_gates_that_should_catch_the_defect_fail(tmp_path, name):
    """Those gates, by those criteria, and no other gate."""
    trial = DEFECTS[name]
    hold_against(trial, put_on_trial(trial, tmp_path, defective(name, tmp_path)))


@pytest.mark.nightly
@pytest.mark.process
def test_the_gateway_as_it_is_fails_no_gate(tmp_path):
    """The control: storm and all probes, and nothing fails."""
    hold_against(EVERYTHING, put_on_trial(EVERYTHING, tmp_path, None))


NIGHTS = 3
SEEN = [name for name, trial in DEFECTS.items() if trial.storm or trial.probes]


@pytest.mark.nightly
@pytest.mark.process
@pytest.mark.parametrize("name", SEEN[number_of_the_night() % NIGHTS :: NIGHTS])
def test_no_other_gate_fails_whatever_is_asked(tmp_path, name):
    """Storm and all probes against each defect, in three nights: the same gates fail as with the cheapest pieces."""
    trial = DEFECTS[name]
    hold_against(trial, put_on_trial(EVERYTHING, tmp_path, defective(name, tmp_path)))
