"""`gonogo slo measure`: was each SLO met over its window? What Prometheus counted, signed as evidence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.schema.options import TARGET_DEFAULT, format_option, preset
from gates.schema.output import show, show_product, write_document
from gates.slo.cli import PATH

if TYPE_CHECKING:
    from gates.slo.measure import Measured


@click.command()
@click.argument("documents", metavar="[DOCS]...", type=PATH, nargs=-1)
@click.option(
    "--target",
    default=preset("target"),
    show_default=TARGET_DEFAULT,
    help="A shipped target's name, or the path of a Target file.",
)
@click.option("--prometheus", metavar="URL", help="The Prometheus that watches it.  [default: the target's `prometheus`]")
@click.option("--build", help="The sha256 of the build that runs, where the service does not report it.")
@click.option("--evidence", "evidence_path", type=PATH, help="The evidence folder.  [default: evidence in the state folder]")
@format_option("text", "json")
def measure(
    documents: tuple[Path, ...],
    target: str,
    prometheus: str | None,
    build: str | None,
    evidence_path: Path | None,
    output_format: str,
) -> int:
    """Ask Prometheus whether each SLO was met over its window, and sign the answer as evidence `slo-window`.

    DOCS are OpenSLO documents, folders of them, or the shipped sets `reference` and `canary`; without any, those of spec.slos in
    the target file. Events are counted, so that a busy hour weighs more than a quiet one. An SLO is unknown where its counters
    were seen in less than 99 % of the window, and without events. Exit 0 if all are met, 1 if one is not, 3 if one is unknown.
    """
    from gates.build import read_build, require_sha256
    from gates.evidence.keys import load_signer
    from gates.evidence.store import EvidenceStore
    from gates.probes.client import TargetClient
    from gates.probes.conduct import reported_build
    from gates.schema.state import made_state_dir
    from gates.schema.target import load_target
    from gates.schema.time import system_clock
    from gates.slo.measure import Measuring, measured_by, prometheus_url, slos_of, why_unread
    from gates.slo.measure import measure as ask
    from gates.slo.prometheus_api import Prometheus
    from gates.slo.window import exit_code

    named = load_target(target)
    slos, server = slos_of(documents, named), Prometheus(prometheus_url(prometheus, named, os.environ))
    if why := why_unread(slos, prometheus, named, os.environ):
        show(f"note: {why} (runbooks/slo.md)", err=True)
    home = made_state_dir()
    store = EvidenceStore((evidence_path or home / "evidence").absolute())
    store.make()
    is_given = False
    if build is not None:
        with TargetClient(named, "build") as client:
            is_given = reported_build(client, require_sha256(build)) is None
    found = build or read_build(named)
    about = measured_by(prometheus, named, os.environ)
    measuring = Measuring(store, load_signer(home), system_clock, about, found, is_given, os.environ)
    done = ask(slos, server, measuring)
    show_product(_json(done) if output_format == "json" else _text(done), output_format)
    return int(exit_code(done.window, done.measures))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
def recompute(folder: Path) -> None:
    """Compute the measures again from the files in FOLDER, named as in the statement, for `scorecard verify --deep`."""
    from gates.evidence.recomputed import recomputed_bytes
    from gates.slo.measure import recompute as compute

    write_document(recomputed_bytes(compute(folder)), nl=True)


def _text(done: Measured) -> str:
    """A line for each SLO, with its counts and how much of its window was seen."""
    from decimal import Decimal

    from gates.confidence import percent
    from gates.slo.window import is_met, measure_name

    lines = []
    for slo in done.window.slos:
        name = measure_name(slo)
        measure = done.measures[name]
        if measure.value is None:
            lines.append(f"unknown  {name}: {measure.detail}")
            continue
        word = "met     " if is_met(slo, measure) else "NOT MET "
        counts = f"{measure.failures} of {measure.samples} bad"
        seen = f"{measure.made_of['slots_seen']} of {measure.made_of['slots_expected']} slots seen"
        good, target = percent(Decimal(measure.value)), percent(slo.objective)
        lines.append(f"{word} {name}: {good} good, target {target}; {counts}, {seen}")
    return "".join(f"{line}\n" for line in (*lines, f"evidence {done.held.digest[:12]}"))


def _json(done: Measured) -> bytes:
    from gates.schema.canonical import canonical_json

    return canonical_json({"evidence": done.held.digest, "at": done.window.at, "measures": done.measures}) + b"\n"
