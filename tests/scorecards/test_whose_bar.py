"""U18, U21, N4: a scorecard says whose bar it is, what of the launch plan that leaves out, and what it was measured with."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import yaml

from gates.schema.gate import Gate
from gates.schema.gateset import CATALOG, load_gates
from gates.schema.outcome import Priority
from gates.schema.target import load_target
from scorecards.bar import BarParts
from scorecards.build import BuildInputs, build
from scorecards.card_bar import BarInputs
from scorecards.cli import gonogo
from scorecards.whose_bar import LAUNCH_PLAN, Plan, make_plan, unanswered, whose_bar

SHIPPED = load_gates()
BUILD = "5f" * 32


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan({LAUNCH_PLAN: SHIPPED})


def own(letter: str = "X", **replaced: object) -> Gate:
    """A gate of somebody's own: the shipped gate C under another id, with the shipped criteria."""
    c = next(gate for gate in SHIPPED if gate.letter == "C")
    return msgspec.structs.replace(c, **{"id": "our-money", "letter": letter, **replaced})


def letters(gates: tuple[Gate, ...], plan: Plan) -> str:
    return "".join(one.letter for one in unanswered(gates, plan))


def test_the_shipped_gates_are_named_by_their_digest(plan: Plan) -> None:
    """As shipped they leave no question open; one word changed, they are not the shipped ones."""
    assert whose_bar(SHIPPED, plan).startswith("Judged by the shipped gates `launch-plan` (gate set ")
    assert letters(SHIPPED, plan) == ""
    reworded = (msgspec.structs.replace(SHIPPED[0], title="Another"), *SHIPPED[1:])
    assert whose_bar(reworded, plan).endswith("Its P0 gates answer every P0 question of the plan.")


def test_an_own_set_of_one_gate_is_named_as_such_with_the_questions_that_it_leaves_open(plan: Plan) -> None:
    """All five P0 questions, in words."""
    text = whose_bar((own(),), plan)
    assert text.startswith("Judged by your own gate set (")
    assert "It leaves 5 of the launch plan's 5 P0 questions unanswered: A Can a new user always get on?; B Can money" in text


def test_without_a_plan_to_compare_with_nothing_is_claimed() -> None:
    """No plan is no answer."""
    assert whose_bar(SHIPPED, Plan({}, ())).endswith("Its questions were not compared with the plan's.")


@pytest.mark.parametrize(
    ("replaced", "open_questions"),
    [
        ({"answers": ("C",)}, "ABDE"),
        ({"answers": ("A", "B", "C", "D", "E")}, ""),
        ({"answers": ("F",)}, "ABCDE"),
        ({"answers": ("C",), "priority": Priority.P1}, "ABCDE"),
        ({"id": "financial-integrity"}, "ABDE"),
        ({"id": "financial-integrity", "priority": Priority.P1}, "ABCDE"),
    ],
)
def test_a_p0_gate_answers_by_naming_the_letter_or_by_being_the_plans(
    plan: Plan, replaced: dict[str, object], open_questions: str
) -> None:
    """A gate that could not stop a launch answers nothing."""
    assert letters((own(**replaced),), plan) == open_questions


def test_the_plans_gate_with_a_looser_limit_does_not_answer_its_question(plan: Plan) -> None:
    """N4: the same id, and a limit relaxed locally."""
    gate = next(gate for gate in SHIPPED if gate.letter == "C")
    loose = msgspec.structs.replace(gate.criteria[0], threshold="5")
    relaxed = msgspec.structs.replace(gate, criteria=(loose, *gate.criteria[1:]))
    gates = tuple(relaxed if one.id == gate.id else one for one in SHIPPED)
    assert letters(gates, plan) == "C"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run `gonogo scorecard ...` in a state folder of its own; gives what was printed."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))

    def call(*arguments: str) -> str:
        gonogo.main(["scorecard", *arguments], standalone_mode=False)
        return capsys.readouterr().out

    return call


def test_the_card_of_locally_relaxed_limits_is_not_the_same_report(run: Callable[..., str], tmp_path: Path) -> None:
    """N4: text and page say whose gates these are, and which question is left open."""
    relaxed = tmp_path / "gates"
    relaxed.mkdir()
    for path in CATALOG.glob("*.yaml"):
        (relaxed / path.name).write_text(path.read_text().replace("min_samples: 200", "min_samples: 2"))
    shipped = run("build", "--build", BUILD, "--out", str(tmp_path / "one"))
    assert "Judged by the shipped gates `launch-plan`" in shipped
    text = run("build", "--build", BUILD, "--gates", str(relaxed), "--out", str(tmp_path / "two"))
    assert "Judged by your own gate set" in " ".join(text.split())
    assert "C Can a payment settle twice or be lost?" in " ".join(text.split())
    assert "Judged by your own gate set" in (tmp_path / "two" / "scorecard.html").read_text()


def test_another_target_file_is_seen_as_another_bar(run: Callable[..., str], tmp_path: Path) -> None:
    """U21: a status more that counts as success, under the same name."""
    document = yaml.safe_load(Path("loadtests/targets/local.yaml").read_text())
    document["spec"]["operations"]["settle"]["success"] = [200, 201, 409]
    target = tmp_path / "local.yaml"
    target.write_text(yaml.safe_dump(document))
    run("build", "--build", BUILD, "--out", str(tmp_path / "one"))
    run("build", "--build", BUILD, "--target", str(target), "--out", str(tmp_path / "two"))
    text = run("diff", str(tmp_path / "one"), str(tmp_path / "two"))
    assert "the bar changed, and the two cannot be compared (the rules of the target file: changed, " in text
    assert load_target(str(target)).name == "local"


def test_another_profile_or_table_between_two_weeks_breaks_the_streak(
    make_inputs: Callable[..., BuildInputs], green_gates: tuple[Gate, ...], last_week
) -> None:
    """U21: the official card of this week says that its bar cannot be compared with last week's."""
    inputs = make_inputs(gates=green_gates, bar=BarInputs(BarParts(profile="x" * 64)))
    state = build(inputs, [], last_week).spec.bar.state
    assert "the load profile: changed, none -> xxxxxxxxxxxx" in state.detail
    assert state.since == "2026-W47"
