"""`gonogo slo generate`: rule files from documents, checked by promtool where it is installed."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from gates.schema.durable import write_durably
from gates.schema.errors import UsageProblem
from gates.slo import promtool
from gates.slo.document import Slo
from gates.slo.rules import SUFFIX, Links, rule_bytes, rule_files
from gates.slo.windows import burns


class Generated(msgspec.Struct, frozen=True):
    """The files that were written, and what a reader has to know."""

    files: tuple[Path, ...]
    notes: tuple[str, ...]


def generate(slos: Sequence[Slo], out: Path, links: Links) -> Generated:
    """Write the rule files of these SLOs to a folder, each whole; the same bytes from the same documents.

    Raises UsageProblem for a folder with rule files that these documents do not make: Prometheus would load them as well.
    """
    made = {name: rule_bytes(file) for name, file in rule_files(slos, links).items()}
    strange = sorted(path for path in out.glob(f"*{SUFFIX}") if path.name not in made) if out.is_dir() else []
    if strange:
        text = "\n".join(f"{path}: these documents do not make this file, and Prometheus would load it too" for path in strange)
        raise UsageProblem(text, next_step="remove it, or give an empty folder with --out")
    for name, data in made.items():
        write_durably(out / name, data)
    files = tuple(out / name for name in made)
    return Generated(files, (*_dead_pairs(slos), *_checked(files)))


def _dead_pairs(slos: Sequence[Slo]) -> list[str]:
    return [
        f"{slo.name}: no alert at {burn.label} times the budget: with a target of {slo.target} the highest burn is below that"
        for slo in slos
        for burn in burns(slo)
        if not burn.can_fire
    ]


def _checked(files: Sequence[Path]) -> list[str]:
    if not promtool.is_here():
        return [f"the rules were not checked: promtool is not installed; {promtool.INSTALL}"]
    wrong = promtool.check_rules(files)
    if wrong:
        hint = "look at the selectors of the documents: this version of promtool reads them differently"
        raise UsageProblem(f"promtool refuses the generated rules: {wrong}", next_step=hint)
    return [f"promtool accepts {len(files)} files"]
