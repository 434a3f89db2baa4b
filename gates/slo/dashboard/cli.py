"""`gonogo slo dashboard`: Grafana's dashboards from SLO documents, or the same panels as a page from a live Prometheus."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from gates.schema.options import clock_at, now_option
from gates.schema.output import show_product
from gates.slo.cli import FOLDER, PATH, documents, loaded


@click.command()
@documents
@click.option("--out", required=True, type=FOLDER, help="The folder for SERVICE.json, and with --prometheus for SERVICE.html.")
@click.option("--panels", multiple=True, type=PATH, metavar="FILE", help="A YAML file with more rows of panels. Repeatable.")
@click.option("--prometheus", metavar="URL", help="Write the same panels as a page, with what this Prometheus holds.")
@click.option("--last", default="6h", show_default=True, metavar="DURATION", help="The time that the page shows.")
@now_option
def dashboard(
    documents: tuple[Path, ...],
    out: Path,
    panels: tuple[Path, ...],
    prometheus: str | None,
    last: str,
    now: dt.datetime | None,
) -> None:
    """Write a dashboard for each service of the documents: JSON for Grafana, and with --prometheus a page of its own.

    The JSON has a stable uid, no id and the data source as a variable; the same documents give the same bytes. The page is one
    file without scripts or network. Prints the paths, one a line. Exit 3 where Prometheus does not answer.
    """
    from gates.schema.durable import write_durably
    from gates.schema.progress import progress
    from gates.slo.dashboard.board import boards
    from gates.slo.dashboard.grafana import grafana_bytes
    from gates.slo.dashboard.page import page_bytes
    from gates.slo.dashboard.read import Window, read_board
    from gates.slo.prometheus_api import Prometheus, lasting

    slos = loaded(documents)
    end, span = clock_at(now)().replace(microsecond=0), lasting(last)
    written = []
    for board in boards(slos, panels):
        name = board.uid.removeprefix("gonogo-")
        files = {f"{name}.json": grafana_bytes(board)}
        if prometheus is not None:
            window = Window(end - span, end)
            with progress("panels", sum(len(row.panels) for row in board.rows)) as bar:
                shown = read_board(board, Prometheus(prometheus), window, bar.step)
            files[f"{name}.html"] = page_bytes(board, shown, window)
        for file, data in files.items():
            write_durably(out / file, data)
            written.append(out / file)
    show_product("".join(f"{path}\n" for path in written), "text")
