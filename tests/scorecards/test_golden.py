"""Golden files: review happens on their difference.

GONOGO_UPDATE_GOLDEN=1 pytest tests/scorecards/test_golden.py writes them anew.
"""

import os
from pathlib import Path

import pytest

from gates.schema.canonical import sha256_hex
from scorecards.folder import read_scorecard, scorecard_yaml
from scorecards.render import render_html
from scorecards.schema import Scorecard

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", ["scorecard.yaml", "scorecard.html"])
def test_the_synthetic_week_gives_the_golden_bytes(name: str, week: Scorecard) -> None:
    """YAML and HTML of the synthetic week are the committed ones, byte for byte."""
    data = scorecard_yaml(week)
    made = data if name.endswith(".yaml") else render_html(week, sha256_hex(data))
    if os.environ.get("GONOGO_UPDATE_GOLDEN"):
        (GOLDEN / name).write_bytes(made)
    assert (GOLDEN / name).read_bytes() == made, "look at the page, then update with GONOGO_UPDATE_GOLDEN=1"


def test_the_yaml_reads_back_as_the_same_scorecard(week: Scorecard) -> None:
    """Nothing is lost between the struct and its text."""
    assert read_scorecard(scorecard_yaml(week), "the test") == week
