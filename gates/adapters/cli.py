"""`gonogo evidence collect`: ask every source of a gate set that an adapter reads."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.options import GATES_HELP, TARGET_DEFAULT, format_option, preset
from gates.schema.outcome import ExitCode
from gates.schema.output import show, write_document
from gates.schema.state import made_state_dir

if TYPE_CHECKING:
    from gates.adapters.collect import Collected, Source
    from gates.schema.gate import Gate
    from gates.schema.source import AttestationSource
    from gates.schema.target import NamedTarget

_path = click.Path(path_type=Path)


@click.command()
@click.option("--gates", "gates_path", default=preset("gates"), type=_path, help=GATES_HELP)
@click.option(
    "--target",
    default=preset("target"),
    show_default=TARGET_DEFAULT,
    help="A shipped target's name, or the path of a Target file.",
)
@click.option("--build", help="The sha256 of the build under test, where the service does not report it.")
@click.option("--evidence", "evidence_path", type=_path, help="The evidence folder.  [default: evidence in the state folder]")
@click.option("--only", multiple=True, metavar="GATE/CRITERION", help="Ask for this criterion only. Repeatable.")
@format_option("text", "json", "yaml")
def collect(
    gates_path: Path | None,
    target: str,
    build: str | None,
    evidence_path: Path | None,
    only: tuple[str, ...],
    output_format: str,
) -> int:
    """Collect the evidence of other tools: ask each source of the gates that an adapter reads, and sign what it answers.

    The raw answer is kept with the statement. Commands, and paths of files, are those of the working folder. What a source cannot
    answer is signed too: the criterion is then unknown, with the reason. Exit 0 if every source gave a value, 3 if one did not.
    """
    from gates.adapters.collect import Collector, collect_one
    from gates.build import read_build, require_sha256
    from gates.evidence.keys import load_signer
    from gates.evidence.store import EvidenceStore
    from gates.render import render_value
    from gates.schema.catalogs import rules_path
    from gates.schema.gateset import load_gates
    from gates.schema.progress import progress
    from gates.schema.target import load_target
    from gates.schema.time import system_clock

    sources, named = _sources(gates_path, target, only), load_target(target)
    home = made_state_dir()
    store = EvidenceStore((evidence_path or home / "evidence").absolute())
    if not sources:
        show("no criterion has a source that an adapter reads", err=True)
        return int(ExitCode.GREEN)
    store.make()
    found = require_sha256(build) if build is not None else read_build(named)
    is_given = build is not None and _reported_as(named, found) is None
    attested = partial(_attested, home, load_gates(rules_path(gates_path, target)))
    reported = partial(_reported, named)
    collector = Collector(store, load_signer(home), system_clock, named, found, is_given, os.environ, attested, reported)
    done = []
    with progress("sources", len(sources)) as bar:
        for number, source in enumerate(sources):
            bar.step(number, source.names[0])
            done.append(collect_one(source, collector))
        bar.step(len(sources))
    rows = [_row(item, found) for item in done]
    if output_format == "text":
        show("\n".join(_lines(rows)))
    else:
        write_document(render_value(rows, output_format))
    return int(ExitCode.GREEN if all(row["unknown"] == "" for row in rows) else ExitCode.UNKNOWN)


def _sources(gates_path: Path | None, target: str, only: tuple[str, ...]) -> tuple[Source, ...]:
    from gates.adapters.collect import sources_of
    from gates.schema.catalogs import rules_path
    from gates.schema.gateset import load_gates

    found = sources_of(load_gates(rules_path(gates_path, target)))
    known = {name for source in found for name in source.names}
    for name in only:
        if name not in known:
            step = f"use one of {', '.join(sorted(known))}" if known else "no criterion of these gates has one"
            raise UsageProblem(f"--only {name!r} is not a criterion with a source that an adapter reads", next_step=step)
    return tuple(source for source in found if not only or set(only) & set(source.names))


def _attested(home: Path, gates: tuple[Gate, ...], source: AttestationSource) -> dict[str, bytes]:
    """The attestation in the log of the state folder, verified against its Signers."""
    from gates.adapters.attestation import find_act
    from gates.evidence.keys import EVIDENCE, own_trust
    from gates.evidence.store import EvidenceStore
    from gates.signers.store import load_signers

    contents = EvidenceStore(home / EVIDENCE).contents(own_trust(home))
    return find_act(source, gates, contents, load_signers(home))


def _reported(named: NamedTarget) -> str | None:
    """The build that the service reports now, None where it reports none."""
    from gates.build import read_build
    from gates.evidence.reported import WrongBuild

    try:
        return None if named.target.build is None else read_build(named)
    except (UnknownProblem, WrongBuild):
        return None


def _reported_as(named: NamedTarget, build: str) -> str | None:
    """The build that the service reports, None where it reports none; raises UsageProblem for another one than was given."""
    reported = _reported(named)
    if reported not in (None, build):
        raise UsageProblem(
            f"the service reports the build {reported}, not {build}",
            next_step="omit --build, or start the service of that build",
        )
    return reported


def _row(item: Collected, build: str) -> dict[str, str]:
    """What came of one source; `build` is the one that is under test."""
    from gates.schema.describe import describe
    from gates.schema.source import VALUE

    predicate = item.held.statement.predicate
    measure = predicate.measures[VALUE]
    given = "given" if predicate.build_observation is None else "read"
    named = item.held.statement.subject[0].digest.get("build", "")
    return {
        "evidence": item.held.digest,
        "judges": ", ".join(item.source.names),
        "source": describe(item.source.request.source),
        "value": measure.value or "",
        "unit": measure.unit,
        "samples": str(measure.samples),
        "skipped": str(measure.skipped),
        "finished_at": predicate.finished_at,
        "build": given if named == build else f"another: {named}",
        "unknown": measure.unknown or "",
        "detail": measure.detail,
    }


def _lines(rows: list[dict[str, str]]) -> list[str]:
    lines = []
    for row in rows:
        value = f"unknown ({row['unknown']}): {row['detail']}" if row["unknown"] else f"{row['value']} {row['unit']}"
        counts = "" if row["unknown"] else f" of {row['samples']}" + (f", {row['skipped']} skipped" * (row["skipped"] != "0"))
        given = "; the build was given, so it decides no P0 gate" if row["build"] == "given" else ""
        if row["build"].startswith("another: "):
            given = (
                f"; about the build {row['build'].removeprefix('another: ')[:12]}, not the one under test: it counts for nothing"
            )
        lines += [row["judges"], f"  {row['source']}", f"  {value}{counts}; as of {row['finished_at']}{given}"]
        lines.append(f"  evidence {row['evidence'][:12]}")
    return lines
