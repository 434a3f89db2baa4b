"""The table of drills in README: each with its command, what it shows, and what it measured when that was last done."""

from decimal import Decimal

import msgspec
from house_documents import ROOT, table

from drills.schema import drill_names, load_drill
from drills.series import DrillRow, Series


def drill_figures() -> str:
    """Every shipped drill with its command, what it shows, and what it measured when it was last measured."""
    rows = {row.drill: row for row in _measured().rows}
    heads = ("command", "what it shows", "outcome", "RTO", "RPO", "lost settles", "detect", "mitigate", "took")
    return table(heads, [_figures(name, load_drill(name).metadata.title, rows.get(name)) for name in drill_names()])


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
