"""A drill's page from its folder: the same bytes from the same files."""

from collections.abc import Sequence
from pathlib import Path

from drills.journal import is_dry_run
from drills.judged import gates_of
from drills.limits import held_to_limits, limits_of
from drills.page.limits import measure_row
from drills.page.lost import lost
from drills.page.material import Material, read_material
from drills.page.model import Banner, DrillPage, FileRow
from drills.page.next_steps import next_steps
from drills.page.readings import before_after
from drills.page.timeline import faults_table, incident_table, lanes, steps_of
from drills.report import files_of
from drills.verdict import Verdict, verdict
from gates.page.charts import ICONS
from gates.page.lanes import axis
from gates.page.template import environment, style_sheet
from gates.page.words import counted, moment
from gates.schema.gate import Gate
from gates.schema.time import largest

TEMPLATES = Path(__file__).parents[1] / "templates"
TEMPLATE = "drill.html.j2"
FILE = "report.html"


def page_bytes(out: Path) -> bytes:
    """The page of the drill in a folder; raises UsageProblem for a file that is missing or malformed."""
    material = read_material(out)
    page = make_page(material, gates_of(material.plan.target_argument), files_of(out))
    return environment(TEMPLATES).get_template(TEMPLATE).render(page=page).encode()


def make_page(material: Material, gates: Sequence[Gate], paths: dict[str, str]) -> DrillPage:
    """The values of the page; `gates` are those whose limits are shown, `paths` where the files of the report are."""
    report = material.report
    limits = limits_of(material.plan.drill.kind, gates)
    measures = tuple(measure_row(name, one, limits.get(name, ())) for name, one in report.measures.items())
    found = held_to_limits(verdict(report), report.measures, limits)
    return DrillPage(
        title=f"{report.drill} drill on {report.target}: {found.word}",
        css=style_sheet(),
        banner=_banner(material, found),
        lanes=lanes(material),
        axis=axis(material.whole_ms),
        faults=faults_table(material),
        incident=incident_table(material),
        before_after=before_after(material),
        lost=lost(material),
        measures=measures,
        steps=steps_of(material),
        planned=is_dry_run(material.events),
        next=next_steps(material, found),
        files=tuple(FileRow(paths.get(name, name), digest) for name, digest in report.digests.items()),
    )


def _banner(material: Material, found: Verdict) -> Banner:
    report = material.report
    build = f"build {report.build[:12]}" if report.build else "build unknown"
    return Banner(
        style=found.style,
        icon=ICONS[found.style],
        word=found.word,
        sentence=found.sentence,
        target=f"Target {report.target}, {build}",
        seed=f"Seed {report.seed}, {counted(report.payments, 'payment')} planned",
        began=f"Began {moment(report.started_at)}, took {largest(report.duration_ms // 1000)}",
        title=f"{report.drill} drill",
        meta=material.plan.title or "A drill of one's own",
    )


def write_page(out: Path) -> bytes:
    """Write FILE into the drill's folder, unless it is there already, and return it."""
    data, path = page_bytes(out), out / FILE
    if not path.is_file() or path.read_bytes() != data:
        path.write_bytes(data)
    return data
