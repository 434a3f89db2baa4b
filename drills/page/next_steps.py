"""What to do next, after this ending of a drill, each with its command; commands run in the drill's folder. Pure."""

import shlex
from collections.abc import Iterator

from drills.journal import End, RolledBack
from drills.page.material import Material
from drills.page.model import NextRow
from drills.schema import drill_names
from drills.verdict import Verdict


def next_steps(material: Material, found: Verdict) -> tuple[NextRow, ...]:
    """The urgent first; the last one is always how to check this page."""
    steps = (*_urgent(material), *_about(material, found), *_again(material, found))
    return (*steps, NextRow("Check that this page is made from the files next to it.", "gonogo drill report ."))


def _urgent(material: Material) -> Iterator[NextRow]:
    ending = material.report.ending
    if ending is None and material.report.status != "dry_run":
        yield NextRow("End its processes and take its fault back.", "gonogo drill recover .")
    if ending is not None and ending.rolled_back is RolledBack.FAILED:
        yield NextRow("Look at the service, and bring it back by hand: its fault may still be there.", "ls -t logs")


def _about(material: Material, found: Verdict) -> Iterator[NextRow]:
    ending = material.report.ending
    if material.found:
        yield NextRow("Read every finding with its witness.", "gonogo load check storm")
    if ending is not None and ending.end is End.ABORTED:
        yield NextRow("See which guard it was in the timeline; raise it only if the machine was the cause.", "")
    if found.word == "UNKNOWN":
        yield NextRow("Remove the cause that the first lines of this page name; they say what is missing.", "")
    if found.style == "fail" and not material.found:
        yield NextRow("Read what the service wrote while the fault lasted.", "ls -t logs")
    if found.word == "PASSED" and material.plan.evidence is not None:
        yield _evidence(material)


def _evidence(material: Material) -> NextRow:
    """The build is named: the drill has ended its service, which nobody can ask for it now."""
    if material.plan.drill.evidence == "own-drill":
        return NextRow("See its signed statement. No shipped gate reads an own-drill; your own can.", "gonogo evidence list")
    build = f" --build {material.report.build}" if material.report.build else ""
    return NextRow("Let the gates judge the signed evidence.", f"gonogo gate run --target {_target(material)}{build}")


def _again(material: Material, found: Verdict) -> Iterator[NextRow]:
    plan = material.plan
    name = plan.name if plan.name in drill_names() else "FILE"
    number = f" --payments {plan.payments}" if plan.payments != plan.drill.storm.payments else ""
    command = f"gonogo drill run {name} --target {_target(material)} --seed {plan.seed}{number}"
    which = " FILE is its document." if name == "FILE" else ""
    if found.word == "PASSED":
        yield NextRow(f"Repeat it with the same storm and the same points of the faults.{which}", command)
    elif material.report.status == "dry_run":
        yield NextRow(f"Read the steps below, then run the drill.{which}", command)
    else:
        yield NextRow(f"Then run the drill again.{which}", command)


def _target(material: Material) -> str:
    return shlex.quote(material.plan.target_argument)
