"""Progress without a terminal: plain lines, a tenth of the way each."""

import pytest

from gates.schema.progress import progress


def test_work_that_goes_on_beyond_its_plan_is_no_share_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    """A storm that lasts until a drill is over sends more payments than its profile has: never `983/480`."""
    with progress("storm smoke", 480) as bar:
        bar.step(240, "payments")
        bar.step(480, "payments")
        bar.step(983, "payments")
    assert capsys.readouterr().err.splitlines() == [
        "storm smoke: 240/480 payments",
        "storm smoke: 480/480 payments",
        "storm smoke: 983 payments, more than the 480 that were planned",
    ]
