"""`gonogo slo`: alert rules from SLO documents, their tests, a linter and dashboards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.schema.output import show, show_product

if TYPE_CHECKING:
    from gates.slo.document import Slo

_PATH = click.Path(path_type=Path)
_FOLDER = click.Path(path_type=Path, file_okay=False)
documents = click.argument("documents", metavar="[DOCS]...", type=_PATH, nargs=-1)
"""DOCS: files, folders, `reference` and `canary`; without any, `reference`."""


@click.group()
def slo() -> None:
    """Alert rules from SLO documents (OpenSLO v1), tests of these rules, a linter, dashboards."""


@slo.command()
@documents
@click.option("--out", required=True, type=_FOLDER, help="The folder for the rule files (*.rules.yaml).")
@click.option("--runbooks", default="", metavar="URL", help="Where runbooks are served; alerts link to them there.")
@click.option("--dashboards", default="", metavar="URL", help="Where Grafana is; alerts link to its dashboards.")
def generate(documents: tuple[Path, ...], out: Path, runbooks: str, dashboards: str) -> None:
    """Write Prometheus rules: recorded ratios and budgets, burn-rate alerts, alerts for missing data.

    DOCS are OpenSLO documents, folders of them, or shipped sets: `reference`, the reference gateway's own and the default, and
    `canary`, those of its canary. The files are checked with promtool where it is installed. The same documents give the same
    bytes.
    """
    from gates.slo.generate import generate as make
    from gates.slo.rules import Links

    done = make(_loaded(documents), out, Links(runbooks, dashboards))
    for note in done.notes:
        show(note, err=True)
    show_product("".join(f"{path}\n" for path in done.files), "text")


def _loaded(documents: tuple[Path, ...]) -> tuple[Slo, ...]:
    from gates.slo.document import REFERENCE, load_slos

    return load_slos(*(documents or [Path(REFERENCE)]))
