"""`gonogo slo`: alert rules from SLO documents, their tests, a linter and dashboards."""

from __future__ import annotations

from pathlib import Path

import click

from gates.schema.output import show, show_product

_PATH = click.Path(path_type=Path)
_FOLDER = click.Path(path_type=Path, file_okay=False)
documents = click.argument("documents", metavar="[DOCS]", type=_PATH, default="reference")
"""DOCS: a file, a folder, or `reference`."""


@click.group()
def slo() -> None:
    """Alert rules from SLO documents (OpenSLO v1), tests of these rules, a linter, dashboards."""


@slo.command()
@documents
@click.option("--out", required=True, type=_FOLDER, help="The folder for the rule files (*.rules.yaml).")
@click.option("--runbooks", default="", metavar="URL", help="Where runbooks are served; alerts link to them there.")
@click.option("--dashboards", default="", metavar="URL", help="Where Grafana is; alerts link to its dashboards.")
def generate(documents: Path, out: Path, runbooks: str, dashboards: str) -> None:
    """Write Prometheus rules: recorded ratios and budgets, burn-rate alerts, alerts for missing data.

    DOCS is an OpenSLO document, a folder of them, or `reference` for those of the reference gateway, the default. The files are
    checked with promtool where it is installed. The same documents give the same bytes.
    """
    from gates.slo.document import load_slos
    from gates.slo.generate import generate as make
    from gates.slo.rules import Links

    done = make(load_slos(documents), out, Links(runbooks, dashboards))
    for note in done.notes:
        show(note, err=True)
    show_product("".join(f"{path}\n" for path in done.files), "text")
