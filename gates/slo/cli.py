"""`gonogo slo`: alert rules from SLO documents, their tests, a linter and dashboards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import click

from gates.lazy import Later, LazyGroup
from gates.schema.options import Command, format_option
from gates.schema.output import show, show_product

if TYPE_CHECKING:
    from gates.slo.document import Slo

PATH = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, file_okay=False)
documents = click.argument("documents", metavar="[DOCS]...", type=PATH, nargs=-1)
"""DOCS: files, folders, `reference` and `canary`; without any, `reference`."""


def links(command: Command) -> Command:
    """Add the options that say where links of alerts lead."""
    runbooks = click.option("--runbooks", default="", metavar="URL", help="Where runbooks are served; alerts link to them there.")
    dashboards = click.option("--dashboards", default="", metavar="URL", help="Where Grafana is; alerts link to its dashboards.")
    return runbooks(dashboards(command))


class _Slo(LazyGroup):
    later: ClassVar[Mapping[str, Later]] = {
        "measure": Later(
            "gates.slo.measure_cli:measure",
            "Ask Prometheus whether each SLO was met over its window; sign the answer as evidence.",
        ),
        "canary": Later(
            "gates.slo.canary.cli:canary", "Be a caller outside the service: pay, verify, reverse, again and again, and count."
        ),
        "dashboard": Later(
            "gates.slo.dashboard.cli:dashboard", "Write dashboards: JSON for Grafana, and a page from a live Prometheus."
        ),
        "backfill": Later(
            "gates.slo.backfill_cli:backfill", "Write what rules would have recorded as blocks of Prometheus' database."
        ),
        "recompute": Later(
            "gates.slo.measure_cli:recompute", "Compute the measures of slo-window evidence again from its raw files."
        ),
        "lint": Later("gates.slo.lint.cli:lint", "Find what is wrong with documents and rules although Prometheus loads them."),
    }


@click.group(cls=_Slo)
def slo() -> None:
    """Alert rules from SLO documents (OpenSLO v1), tests of these rules, a linter, dashboards."""


@slo.command()
@documents
@click.option("--out", required=True, type=FOLDER, help="The folder for the rule files (*.rules.yaml).")
@links
def generate(documents: tuple[Path, ...], out: Path, runbooks: str, dashboards: str) -> None:
    """Write Prometheus rules: recorded ratios and budgets, burn-rate alerts, alerts for missing data.

    DOCS are OpenSLO documents, folders of them, or shipped sets: `reference`, the reference gateway's own and the default, and
    `canary`, those of its canary. The files are checked with promtool where it is installed. The same documents give the same
    bytes.
    """
    from gates.slo.generate import generate as make
    from gates.slo.rules import Links

    done = make(loaded(documents), out, Links(runbooks, dashboards))
    for note in done.notes:
        show(note, err=True)
    show_product("".join(f"{path}\n" for path in done.files), "text")


@slo.command()
@documents
@click.option("--rules", type=FOLDER, help="Test the rule files in this folder.  [default: those that generate would write]")
@click.option("--out", type=FOLDER, help="Keep the tests in this folder (*.test.yaml), for `promtool test rules`.")
@links
@format_option("text", "json")
def test(
    documents: tuple[Path, ...], rules: Path | None, out: Path | None, runbooks: str, dashboards: str, output_format: str
) -> int:
    """Test the rules: generated cases of outages, slow burns, silence and restarts, run by promtool.

    Exit 0 if every expectation is met, 1 if one is not, 3 without promtool.
    """
    import tempfile

    from gates.schema.canonical import canonical_json
    from gates.schema.outcome import ExitCode
    from gates.slo.generate import generate as make
    from gates.slo.rules import Links
    from gates.slo.testing import run_tests, tested_text

    slos, found_links = loaded(documents), Links(runbooks, dashboards)
    with tempfile.TemporaryDirectory() as temporary:
        if rules is None:
            make(slos, Path(temporary), found_links)
        found = run_tests(slos, rules or Path(temporary), found_links, out)
    text = tested_text(found) if output_format == "text" else canonical_json(list(found)) + b"\n"
    show_product(text, output_format)
    return int(ExitCode.RED if any(one.failures for one in found) else ExitCode.GREEN)


def loaded(documents: tuple[Path, ...]) -> tuple[Slo, ...]:
    """The SLOs of these documents, or of the reference gateway's."""
    from gates.slo.document import REFERENCE, load_slos

    return load_slos(*(documents or [Path(REFERENCE)]))
