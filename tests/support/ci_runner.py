"""A GitHub runner, as far as the action's shell steps need one: its shell, its conditions, its expressions."""

import re
from pathlib import Path

import house_tree
import yaml

ACTION = yaml.safe_load(house_tree.text(Path(".github/actions/gonogo/action.yml")))
SHELL = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]


def wanted(step: dict[str, str], given: dict[str, str], *, failed: bool) -> bool:
    """The conditions that the action uses, as the runner reads them."""
    condition = step.get("if", "")
    official = given["official"] == "true" or "inputs.official == 'true'" not in condition
    freeze = given["freeze"] != "" or "inputs.freeze != ''" not in condition
    return official and freeze and (not failed or "always()" in condition)


def filled(value: str, given: dict[str, str], outputs: Path) -> str:
    """The values of inputs and of outputs of steps, pasted by the runner: into an environment, never into a script."""
    written = dict(line.split("=", 1) for line in outputs.read_text().splitlines() if "=" in line)

    def value_of(match: re.Match[str]) -> str:
        kind, _, name = match[1].strip().rpartition(".")
        return given[name] if kind == "inputs" else written.get(name, "")

    return re.sub(r"\$\{\{(.*?)\}\}", value_of, value)
