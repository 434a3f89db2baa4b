"""Which steps does a review run, and why not the others? The names of --steps and --skip, checked before anything is started."""

from collections.abc import Iterable, Mapping, Sequence

from gates.schema.errors import UsageProblem
from scorecards.plan import STEPS

SKIPPED = "skipped with --"
"""How the reason of a step begins that was left out on the command line."""


def left_out(only: Sequence[str], skip: Sequence[str]) -> Mapping[str, str]:
    """The steps that are not run, by name, each with the option that left it out; each text lists names with commas between.

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
    left = {name: f"{SKIPPED}steps" for name in names if wanted and name not in wanted}
    left |= {name: f"{SKIPPED}skip" for name in names if name in unwanted}
    if len(left) == len(names):
        raise UsageProblem(
            "no step is left to run", next_step="`gonogo scorecard build` judges stored evidence without running anything"
        )
    return left


def _names(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for text in texts for name in text.split(",") if name.strip()))
