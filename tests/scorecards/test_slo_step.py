"""SLO windows in a review: a step if the gates read one and the target is watched, judged, and computed again by `--deep`."""

import msgspec
import pytest
from watched_slos import flow, this_week, up, watched_shop, write_document

from gates.schema.entry import run
from gates.schema.gateset import CATALOG, load_gates
from gates.schema.target import Target, load_target
from gates.slo.document import load_slos
from scorecards.bar import target_bar_sha256
from scorecards.cli import gonogo
from scorecards.plan import STEPS, applying, why_not
from scorecards.stored import bar_inputs

STEP = next(step for step in STEPS if step.name == "slo")
WATCHED = Target("http://127.0.0.1:9", {}, {}, {}, prometheus="http://127.0.0.1:9", slos=("one.yaml",))


@pytest.mark.process
def test_a_review_measures_the_slos_of_its_target_and_deep_computes_them_again(
    prometheus, promtool, tmp_path, monkeypatch, capsys
):
    """The target file names the server and the document; one of two flows is in breach, and the gate fails by it."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    begin, end = this_week()
    past = [up(begin, end), *flow("steady", lambda _: 98.0, lambda _: 2.0, begin, end)]
    folder, out = tmp_path / "shop", str(tmp_path / "review")
    folder.mkdir()
    write_document(folder, "steady")
    with watched_shop(folder, past, (begin, end)) as shop:
        argv = ["--target", str(shop.target), "--gates", str(shop.gate("steady_7d")), "--out", out, "--preview", "--steps", "slo"]
        assert run(gonogo, ["review", *argv]) == 1
    shown = capsys.readouterr()
    assert "SLO windows: findings" in shown.err
    assert "1 of 1 P0 gates fails (service)" in shown.out
    assert run(gonogo, ["scorecard", "verify", "--deep", out]) == 0, capsys.readouterr()


def test_the_step_is_there_if_the_gates_read_an_slo():
    """The launch plan's do, the catalog for any service does not."""
    assert STEP in applying(STEPS, load_gates(CATALOG), {})
    assert STEP not in applying(STEPS, (), {})


def test_the_step_is_not_run_where_nothing_has_watched_the_service():
    """It says what is missing: a service of its own minutes has no month; a watched one needs both members."""
    assert "no Prometheus has watched for a month" in why_not(STEP, load_target("local").target)
    assert why_not(STEP, WATCHED) == ""
    for changes in ({"prometheus": None}, {"slos": ()}):
        assert "no `prometheus` and `slos`" in why_not(STEP, msgspec.structs.replace(WATCHED, **changes))


def test_what_a_document_counts_is_part_of_the_bar_and_its_owner_is_not(tmp_path):
    """Another objective or selector is another bar; a target without documents has the bar that it had."""
    document = write_document(tmp_path, "one")
    before = target_bar_sha256(WATCHED, load_slos(document))
    text = document.read_text()
    for old, new, is_same in (
        ("0.99", "0.9", False),
        (',outcome="bad"', ',outcome="worst"', False),
        ("7d", "30d", False),
        ("owner: shop", "owner: someone", True),
    ):
        assert old in text
        document.write_text(text.replace(old, new))
        assert (target_bar_sha256(WATCHED, load_slos(document)) == before) == is_same, old
    local = load_target("local")
    assert bar_inputs(local).parts.target == target_bar_sha256(local.target)
