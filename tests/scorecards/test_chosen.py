"""--steps and --skip: which steps are run, what is refused, and what becomes of the criteria of the others."""

import inspect
from pathlib import Path

import pytest
import yaml

from gates.evidence.identity import make_subject, target_sha256
from gates.evidence.keys import load_signer
from gates.evidence.making import Result, Span, make_predicate
from gates.evidence.statement import Inputs, Measure
from gates.evidence.store import EvidenceStore
from gates.schema.catalogs import catalog
from gates.schema.errors import UsageProblem
from gates.schema.gateset import CATALOG, load_gates
from gates.schema.state import make_state
from gates.schema.time import format_utc, system_clock
from scorecards.chosen import left_out
from scorecards.not_run import record_not_run
from scorecards.order import Options, Order, make_order
from scorecards.plan import STEPS, THOROUGH, UNREAD, Step, applying, why_not
from scorecards.stored import Sources, build_from_store

ALL = tuple(step.name for step in STEPS)
BUILD = "5f" * 32


@pytest.mark.parametrize(
    ("only", "skip", "run"),
    [
        ((), (), ALL),
        (("storm",), (), ("storm",)),
        (("crash, storm",), (), ("storm", "crash")),
        (("storm", "crash"), (), ("storm", "crash")),
        ((), ("power,rollback",), tuple(name for name in ALL if name not in ("power", "rollback"))),
        (("storm,crash",), ("crash",), ("storm",)),
    ],
)
def test_steps_are_chosen_by_name_in_the_order_of_the_plan(
    only: tuple[str, ...], skip: tuple[str, ...], run: tuple[str, ...]
) -> None:
    """With commas or by repeating the option; --skip takes out of --steps."""
    left = left_out(only, skip)
    assert tuple(name for name in ALL if name not in left) == run


@pytest.mark.parametrize(
    ("only", "skip", "complaint"),
    [
        (("strom",), (), "--steps 'strom': no step has this name"),
        ((), ("power,pwoer", "x"), "--skip 'pwoer': no step has this name\n--skip 'x': no step has this name"),
        ((",",), (), "--steps names no step"),
        (("storm",), ("storm",), "no step is left to run"),
    ],
)
def test_an_unknown_step_is_refused_with_the_steps_there_are(
    only: tuple[str, ...], skip: tuple[str, ...], complaint: str
) -> None:
    """All of them at once."""
    with pytest.raises(UsageProblem) as caught:
        left_out(only, skip)
    assert caught.value.message == complaint
    assert caught.value.next_step.startswith("use storm, hostile-rail") or "scorecard build" in caught.value.next_step


PLAN, SERVICE = load_gates(CATALOG), load_gates(catalog("service"))
DRILLS = tuple(step.name for step in THOROUGH)


def test_the_profile_smoke_leaves_the_thorough_drills_out_and_any_other_runs_them() -> None:
    """A review of minutes, and one of half an hour; a profile of one's own is never taken for a quick one."""
    assert left_out((), (), "smoke", PLAN) == dict.fromkeys(DRILLS, "skipped with --profile smoke")
    assert left_out((), (), "weekly", PLAN) == {}
    assert left_out((), (), "my/smoke.yaml", PLAN) == {}


def test_a_thorough_drill_that_is_named_is_run_with_any_profile_and_by_any_gates() -> None:
    """Whoever names it wants it."""
    assert set(left_out(("clock",), (), "smoke", SERVICE)) == set(ALL) - {"clock"}


def test_a_thorough_drill_that_no_gate_reads_is_not_part_of_a_review() -> None:
    """The gates of any payment service read none of them: nobody waits for them, and no line says that they were skipped."""
    for profile in ("smoke", "weekly"):
        left = left_out((), (), profile, SERVICE)
        assert left == dict.fromkeys(DRILLS, UNREAD)
        assert not {step.name for step in applying(STEPS, SERVICE, left)} & set(DRILLS)
    smoke = left_out((), (), "smoke", PLAN)
    assert {step.name for step in applying(STEPS, PLAN, smoke)} == set(ALL) - {"collect"}


def test_each_thorough_drill_is_read_by_the_launch_plan() -> None:
    """A step whose evidence no gate of the plan reads would be half an hour for nothing."""
    read = {item.source.predicate_type for gate in PLAN for item in gate.criteria}
    assert {step.name for step in THOROUGH if step.evidence not in read} == set()


def test_the_help_lists_the_steps() -> None:
    """So that nobody has to guess one to be told."""
    from scorecards.review_cli import review

    text = " ".join(inspect.cleandoc(review.help or "").split())
    assert f"Steps: {', '.join(ALL)}." in text


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A target that nothing is sent to, and a state folder."""
    document = yaml.safe_load(Path("loadtests/targets/local.yaml").read_text())
    document["metadata"]["name"] = "elsewhere"
    del document["spec"]["process"], document["spec"]["rail"]
    path = tmp_path / "elsewhere.yaml"
    path.write_text(yaml.safe_dump(document))
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    make_state(tmp_path / "home", rehearsal=False)
    return path


def _order(target: Path, *skip: str) -> Order:
    options = Options(str(target), "smoke", 1, None, None, None, True, None, None, (), skip)
    return make_order(target.parent / "home", options, system_clock)


def _criteria(target: Path, build_sha256: str, out: str) -> dict[str, tuple[str, str]]:
    """The reason and the detail of each criterion, judged by what is stored."""
    home, now = target.parent / "home", system_clock()
    sources = Sources(str(target), build_sha256, "smoke", None, catalog("service"), None, None)
    card = build_from_store(home, sources, now, target.parent / out, preview_because="", keep=False)
    return {item.criterion.id: (str(item.unknown), item.detail) for gate in card.spec.gates for item in gate.criteria}


def _ran_on_another_build(order: Order, step: Step) -> None:
    """A run that came to a result, last week's build."""
    now = format_utc(system_clock())
    result = Result({"kills": Measure("1", "count", 1)}, {})
    predicate = make_predicate(step.evidence, "a test", Span(now, now, 0), Inputs(target_sha256(order.named)), result, None)
    subject = make_subject(order.named, "ab" * 32, {})
    EvidenceStore(order.evidence).record(load_signer(order.home), step.evidence, subject, predicate)


CRASH = next(step for step in STEPS if step.name == "crash")


def test_the_criteria_of_a_skipped_step_are_not_run_and_never_about_another_build(elsewhere: Path) -> None:
    """Also where there is evidence of another build, which would otherwise be named as the reason."""
    order = _order(elsewhere, "crash")
    _ran_on_another_build(order, CRASH)
    assert _criteria(elsewhere, BUILD, "one")["crash_kills"][0] == "stale"
    record_not_run(order, CRASH, order.left_out["crash"], BUILD, {})
    found = _criteria(elsewhere, BUILD, "two")
    assert found["crash_kills"] == ("not_run", "skipped with --skip")
    assert found["crash_lost_settles"] == found["crash_kills"]


def test_a_skipped_step_is_offered_again_and_one_that_cannot_be_run_is_not(elsewhere: Path) -> None:
    """The command under Next runs just that step, by the gates that were named; what the target lacks has no command."""
    order = _order(elsewhere, "crash")
    record_not_run(order, CRASH, order.left_out["crash"], BUILD, {})
    rollback = next(step for step in STEPS if step.name == "rollback")
    record_not_run(order, rollback, why_not(rollback, order.named.target), BUILD, {})
    sources = Sources(str(elsewhere), BUILD, "smoke", None, Path("service"), None, None)
    card = build_from_store(order.home, sources, system_clock(), elsewhere.parent / "one", preview_because="", keep=False)
    commands = {action.gate: action.command for action in card.spec.actions}
    assert commands["crash"] == f"gonogo review --steps crash --profile smoke --target {elsewhere} --gates service"
    assert commands["rollback"] == ""


def test_a_skipped_collection_says_so_for_each_source_of_the_gates(elsewhere: Path) -> None:
    """Evidence of another tool is sought by its source, so each source has a statement of its own."""
    gates = elsewhere.parent / "gates.yaml"
    source = {"adapter": "junit", "paths": ["reports/*.xml"]}
    (gate, *_) = yaml.safe_load((catalog("service") / "1-no-double-settle.yaml").read_text())["spec"]["gates"]
    criterion = {"id": "failed_tests", "title": "No test fails", "unit": "count", "operator": "lte", "threshold": "0"}
    document = {"apiVersion": "gonogo/v1", "kind": "GateSet", "metadata": {"name": "own"}}
    document["spec"] = {"gates": [{**gate, "criteria": [{**criterion, "source": source}]}]}  # type: ignore[assignment]  # any YAML
    gates.write_text(yaml.safe_dump(document))
    options = Options(str(elsewhere), "smoke", 1, None, None, None, True, gates, None, (), ("collect",))
    order = make_order(elsewhere.parent / "home", options, system_clock)
    record_not_run(order, next(step for step in STEPS if step.name == "collect"), order.left_out["collect"], BUILD, {})
    sources = Sources(str(elsewhere), BUILD, "smoke", None, gates, None, None)
    card = build_from_store(order.home, sources, system_clock(), elsewhere.parent / "one", preview_because="", keep=False)
    (item,) = card.spec.gates[0].criteria
    assert (str(item.unknown), item.detail) == ("not_run", "skipped with --skip")


def test_a_step_that_could_not_name_a_build_says_why_too(elsewhere: Path) -> None:
    """The service did not answer, so nobody knows its build."""
    record_not_run(_order(elsewhere), STEPS[0], "the service did not start: port in use", "", {})
    found = _criteria(elsewhere, "", "one")
    assert found["storm_double_settles"] == ("not_run", "the service did not start: port in use")
