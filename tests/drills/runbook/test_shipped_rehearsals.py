"""Each shipped runbook against its fault, on a real gateway: the fault is seen, the page ends it, a payment goes through."""

import os
import subprocess

import msgspec
import pytest

from drills.runbook.blocks import Shell
from drills.runbook.environment import used_variables
from drills.runbook.faults.table import FAULTS
from drills.runbook.places import find_page, shipped_pages
from drills.runbook.rehearsals import outcomes_of
from gates.schema.outcome import ExitCode
from gates.schema.rooms import room_argv
from gates.schema.runbook import shipped_folder

FINAL = ("$GONOGO_STOP", "$GONOGO_ROLLBACK", "revoke-key", "gonogo gateway restore")
BY_DAY = ("key-compromise", "pause-and-resume")
"""The others wait for a rail, or are rehearsed in full elsewhere by day (`rollback`)."""


def test_every_runbook_has_a_fault_and_every_fault_a_runbook():
    """A page that nothing rehearses is a page that nobody has tried."""
    assert {page.name for page in shipped_pages()} == set(FAULTS)


def test_every_fault_names_the_steps_that_it_acts_on():
    """A step that was renamed would leave a fault without the operator who repairs it."""
    for name, fault in FAULTS.items():
        page = find_page(name)
        for step in fault.acts_on:
            assert page.step(step) is not None, f"{name}: no step {step}"


def test_every_variable_that_a_page_needs_is_on_the_page_of_variables():
    """Whoever is refused without one finds there what it is."""
    known = (shipped_folder() / "running.md").read_text()
    for page in shipped_pages():
        used = {name for step in page.steps if isinstance(step.info, Shell) for name in used_variables(step.text)}
        assert {name for name in used if f"`{name}`" not in known} == set(), page.name


def test_every_step_that_stops_or_pays_is_approved_by_a_person():
    """What cannot be taken back by repeating it is not run without a person's word."""
    for page in shipped_pages():
        for step in page.steps:
            if isinstance(step.info, Shell) and any(word in step.text for word in FINAL):
                assert step.info.confirm, f"{page.name}: {step.name}"


@pytest.mark.process
@pytest.mark.parametrize("name", [pytest.param(name, marks=[] if name in BY_DAY else [pytest.mark.nightly]) for name in FAULTS])
def test_a_shipped_runbook_ends_its_fault(tmp_path, name):
    """As the command that anybody can run; where the machine lacks what the fault needs, it says so and is unknown."""
    environ = {**os.environ, "GONOGO_HOME": str(tmp_path / "home")}
    argv = room_argv("drills.runbook", "rehearse", name, "--yes", "--no-evidence", "--out", str(tmp_path / "out"))
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=600, check=False)
    (outcome,), _ = outcomes_of(tmp_path / "out")
    lacks = list(FAULTS[name]().lacks())
    if lacks:
        assert (done.returncode, outcome.judged) == (ExitCode.UNKNOWN, False)
        assert lacks[0] in outcome.reason
        return
    assert done.returncode == ExitCode.GREEN, done.stdout + done.stderr
    assert outcome.judged
    assert msgspec.json.encode(outcome)
