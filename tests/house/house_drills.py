"""The tables of drills: in README what each measured when that was last done, on a page of its own the steps that there are."""

import inspect
from decimal import Decimal
from typing import get_args

import msgspec
from house_documents import ROOT, table

from drills.complete import UNDO
from drills.schema import drill_names, load_drill
from drills.series import DrillRow, Series
from drills.steps.base import StepBase, action_of
from drills.steps.step import Step


def drill_figures() -> str:
    """Every shipped drill with its command, what it shows, and what it measured when it was last measured."""
    rows = {row.drill: row for row in _measured().rows}
    heads = ("command", "what it shows", "outcome", "RTO", "RPO", "lost settles", "detect", "mitigate", "took")
    return table(heads, [_figures(name, load_drill(name).metadata.title, rows.get(name)) for name in drill_names()])


def drill_steps() -> str:
    """Every step that a drill's document may name, in the order of the schema: its members, and what takes its fault back."""
    rows = []
    for step in get_args(Step):
        undo = UNDO.get(step)
        unnamed = "`rollback_release`, which the document names" if step in UNDO else ""
        back = unnamed if undo is None else f"`{action_of(undo)}`"
        members = ", ".join(f"`{name}`" for name in step.__struct_fields__ if name not in StepBase.__struct_fields__)
        name = f"`{step.__struct_config__.tag}`"
        rows.append((name, members, (inspect.getdoc(step) or "").split("\n", maxsplit=1)[0], back))
    return table(("step", "members", "what it does", "taken back by"), rows)


def _figures(name: str, title: str, row: DrillRow | None) -> tuple[str, ...]:
    if row is None:
        return (f"`gonogo drill run {name}`", title, "not measured yet", *("",) * 6)
    found = {figure: value if value is None else value.removesuffix(".000") for figure, value in row.figures.items()}

    def cell(figure: str, unit: str) -> str:
        return "" if figure not in found else "unknown" if found[figure] is None else f"{found[figure]}{unit}"

    rpo = " / ".join(filter(None, (cell("rpo_s", " s"), cell("rpo_settles", ""))))
    times = (cell("detect_s", " s"), cell("mitigate_s", " s"), f"{row.seconds} s")
    return (f"`gonogo drill run {name}`", title, row.outcome, cell("rto_s", " s"), rpo, cell("lost_settles", ""), *times)


def _measured() -> Series:
    """What `gonogo drill run --all --format json` printed when it was last measured."""
    return msgspec.json.decode((ROOT / "drills/measured.json").read_bytes(), type=Series)


def drill_conditions() -> str:
    """When and how the figures of the drills were measured: day, seed, processors, load."""
    series = _measured()
    days = sorted({row.began_at[:10] for row in series.rows})
    loads = sorted(Decimal(row.load) for row in series.rows if row.load)
    noted = f"its load average was {loads[0]} to {loads[-1]} at the starts of the drills" if loads else "its load was not noted"
    lines = [
        f"Measured on {' and '.join(days)} with `gonogo drill run`, target `{series.target}`, seed {series.seed}.",
        f"The machine has {series.processors} processors.",
        f"Other work ran on the machine at times: {noted}.",
        "RPO is in seconds and settles.",
        *(f"`{row.drill}` ended with {row.outcome}: {row.detail}" for row in series.rows if row.detail),
    ]
    return "\n" + "\n".join(lines) + "\n\n"
