"""What does a sweep show? Its cells and the comparison with the OpenAPI document, counted. Pure."""

from pathlib import Path

import msgspec

from gates.evidence.statement import Measure
from gates.probes.access import ISOLATION, ROLE, UNDOCUMENTED, Cell, opportunities
from gates.probes.conduct import Finding, Result, Skipped, counted
from gates.probes.raw import raw_text, read_raw
from gates.schema.canonical import to_builtins
from gates.schema.outcome import UnknownReason

FILE = "sweep.json"
_NOTHING_TRIED = "no route gave a definite answer: correct the routes of spec.authorization in the target file"
_NO_OTHER = "another tenant's credentials are needed: add spec.credentials.other_* to the target and export what they name"


class Swept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The cells, the comparison of `compared` routes with the OpenAPI document, and whether there was another tenant.

    A fault of the document is (measure, route, expected, found).
    """

    cells: tuple[Cell, ...]
    faults: tuple[tuple[str, str, str, str], ...]
    compared: int
    other_tenant: bool


def judge_sweep(swept: Swept) -> Result:
    """Measures and findings."""
    cells = swept.cells
    findings = [
        Finding(cell.measure, f"{cell.route} as {cell.credential}", cell.expected, f"{cell.status} {cell.note}".strip())
        for cell in cells
        if cell.verdict == "violation"
    ]
    findings.extend(Finding(*fault) for fault in swept.faults)
    skipped = [
        Skipped(cell.measure, f"{cell.route} as {cell.credential}", cell.note) for cell in cells if cell.verdict == "skipped"
    ]
    measures = {
        ROLE: counted(ROLE, opportunities(cells, ROLE), findings, skipped, to_change=_NOTHING_TRIED),
        ISOLATION: counted(ISOLATION, opportunities(cells, ISOLATION), findings, skipped, to_change=_NOTHING_TRIED),
        UNDOCUMENTED: counted(UNDOCUMENTED, swept.compared, findings),
    }
    if not swept.other_tenant:
        measures[ISOLATION] = Measure(None, "count", unknown=UnknownReason.NOT_RUN, detail=_NO_OTHER)
    shown = tuple(to_builtins(cell) for cell in cells)
    return Result(measures, tuple(findings), tuple(skipped), cells=shown, raw={FILE: raw_text(swept)})


def again(folder: Path) -> Result:
    """The result of the raw files in a folder."""
    return judge_sweep(read_raw(folder / FILE, Swept))
