"""Which steps does a review run, and why not the others? The names of --steps and --skip, checked before anything is started."""

from collections.abc import Iterable, Mapping, Sequence

from gates.collecting import SKIPPED
from gates.schema.errors import UsageProblem
from gates.schema.gate import Gate
from scorecards.plan import STEPS, UNREAD, is_read

QUICK = "smoke"
"""The profile of a quick review, which leaves the thorough steps out."""


def left_out(
    only: Sequence[str], skip: Sequence[str], profile: str = "", gates: Sequence[Gate] | None = None
) -> Mapping[str, str]:
    """The steps that are not run, by name, each with the reason; each text of `only` and `skip` lists names with commas between.

    A thorough step that is not named is left out with the profile smoke, and where none of `gates` reads its evidence.
    Raises UsageProblem naming every unknown step and the steps that there are, or where no step would be left.
    """
    names = tuple(step.name for step in STEPS)
    wanted, unwanted = _names(only), _names(skip)
    wrong = []
    for option, given, found in (("--steps", only, wanted), ("--skip", skip, unwanted)):
        wrong += [f"{option} {name!r}: no step has this name" for name in found if name not in names]
        wrong += [f"{option} names no step"] if given and not found else []
    if wrong:
        raise UsageProblem("\n".join(wrong), next_step=f"use {', '.join(names)}")
    thorough = [step for step in STEPS if step.thorough and step.name not in wanted]
    left = {step.name: f"{SKIPPED}profile {QUICK}" for step in thorough if profile == QUICK}
    left |= {name: f"{SKIPPED}steps" for name in names if wanted and name not in wanted}
    left |= {name: f"{SKIPPED}skip" for name in names if name in unwanted}
    left |= {step.name: UNREAD for step in thorough if gates and not is_read(step, gates)}
    if len(left) == len(names):
        raise UsageProblem(
            "no step is left to run", next_step="`gonogo scorecard build` judges stored evidence without running anything"
        )
    return left


def _names(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for text in texts for name in text.split(",") if name.strip()))
