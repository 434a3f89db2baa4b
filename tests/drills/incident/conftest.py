"""A rehearsal on the small service: killed, paged by a real Prometheus and Alertmanager, restored."""

import drill_stage
import pytest
from monitored import write_rules
from watched_shop import DOWN, rehearsal_spec

from drills.leftovers import carriers
from drills.perform import begin, conclude, make_plan, perform


@pytest.fixture
def watched_spec(tmp_path):
    """The drill's content, for rules of this test."""

    def make(*rules, **changes):
        return rehearsal_spec(write_rules(tmp_path / "rules", *(rules or (DOWN,))), **changes)

    return make


@pytest.fixture
def rehearse(rooms, tmp_path, target_file, console):
    """Perform a drill's content on the small service; returns exit code, report and run."""

    def run(spec, **plan):
        drill = drill_stage.write_document(tmp_path, "Drill", "shop-down", spec)
        run = begin(make_plan(drill, target_file(), 1, None, **plan), tmp_path / "out", console, tmp_path / "evidence")
        code = perform(run)
        report = conclude(run)
        assert carriers(run.plan.run_id) == []
        assert not list((tmp_path / "out").glob("watch-*/data"))
        return code, report, run

    return run
