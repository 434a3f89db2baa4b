"""`gonogo gate probe`: probe a running service, or read its artifacts, and store signed evidence."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.schema.errors import UsageProblem
from gates.schema.options import TARGET_DEFAULT, format_option, preset
from gates.schema.output import show_product
from gates.schema.state import made_state_dir

if TYPE_CHECKING:
    from gates.evidence.store import EvidenceStore
    from gates.probes.conduct import Conducted, Probe

NAMES = (
    "authorization-sweep",
    "fail-closed",
    "policy-binding",
    "receipt-verification",
    "secret-scan",
    "determinism",
    "host-matrix",
    "setup-journal",
    "onboarding-funnel",
    "runbook-resolution",
    "sign-in-canary",
)
_ONBOARDING = NAMES[-4:]
_FITS = {
    "paths": ("secret-scan", "setup-journal"),
    "server_log": ("secret-scan",),
    "trust": ("receipt-verification",),
    "table": ("fail-closed",),
    "review": ("determinism",),
    "funnel": ("setup-journal", "onboarding-funnel"),
}
"""The probes that an option is for."""
_path = click.Path(path_type=Path)


@click.command()
@click.argument("name", metavar="NAME", type=click.Choice(NAMES))
@click.argument("paths", nargs=-1, type=_path)
@click.option(
    "--target",
    default=preset("target"),
    show_default=TARGET_DEFAULT,
    help="A shipped target's name, or the path of a Target file.",
)
@click.option("--out", required=True, type=_path, help="The folder for the report OUT/NAME.json.")
@click.option("--evidence", "evidence_path", type=_path, help="The evidence folder.  [default: evidence in the state folder]")
@click.option("--build", help="The sha256 of the build under test, where the service does not report it.")
@click.option("--trust", "trust_path", type=_path, help="receipt-verification: the pinned JWKS file.")
@click.option("--table", "table_path", type=_path, help="fail-closed: another table of requests and the responses required.")
@click.option("--review", "review_path", type=_path, help="determinism: a review folder whose scorecard is built again.")
@click.option(
    "--server-log",
    "server_logs",
    multiple=True,
    type=_path,
    help="secret-scan: a log of the service, whatever its name. Repeatable.",
)
@click.option(
    "--funnel",
    "funnel_path",
    type=_path,
    help="setup-journal, onboarding-funnel: saved events instead of the service's; that decides no P0 gate.",
)
@click.option("--nonce", help="A text that makes this run's idempotency keys unique.  [default: random]")
@format_option("text", "json")
def probe(  # each parameter is one option of the command line
    name: str,
    paths: tuple[Path, ...],
    target: str,
    out: Path,
    evidence_path: Path | None,
    build: str | None,
    trust_path: Path | None,
    table_path: Path | None,
    review_path: Path | None,
    server_logs: tuple[Path, ...],
    funnel_path: Path | None,
    nonce: str | None,
    output_format: str,
) -> int:
    """Run one probe and store its evidence: what was measured, not a verdict.

    NAME is one of authorization-sweep, fail-closed, policy-binding, receipt-verification, secret-scan (PATHS: the files and
    folders to scan), determinism, host-matrix, setup-journal (PATHS: the journals of setups, and their folders),
    onboarding-funnel, runbook-resolution and sign-in-canary. Exit 0 if nothing was found, 1 for findings, 3 if something
    could not be checked; evidence is stored each time, also if the target does not answer. It is dated by the clock. A
    --build that the service contradicts is refused with 2.
    """
    import secrets

    from gates.evidence.keys import load_signer
    from gates.evidence.store import EvidenceStore
    from gates.probes.client import TargetClient
    from gates.probes.conduct import conduct
    from gates.schema.target import load_target
    from gates.schema.time import system_clock

    given = {"paths": paths, "trust": trust_path, "table": table_path, "review": review_path, "server_log": server_logs}
    _refuse_misplaced(name, {**given, "funnel": funnel_path})
    home = made_state_dir()
    store = EvidenceStore((evidence_path or home / "evidence").absolute())
    store.make()
    with TargetClient(load_target(target), nonce or secrets.token_hex(6)) as client:
        if name == "determinism":
            chosen = _determinism(target, home, store.folder, build=build, review=review_path)
        elif name in _ONBOARDING:
            chosen = _onboarding(name, paths, funnel_path, store, build)
        else:
            chosen = _probe(name, paths, out, trust_path, table_path, server_logs)
        done = conduct(chosen, client, out=out, store=store, signer=load_signer(home), clock=system_clock, build=build)
    show_product((_as_json(done) if output_format == "json" else _as_text(done)) + "\n", output_format)
    return int(done.exit_code)


def _refuse_misplaced(name: str, given: Mapping[str, object]) -> None:
    """An option that the probe would ignore is a mistake of the caller's."""
    for option, value in given.items():
        if value and name not in _FITS[option]:
            what = "PATHS are" if option == "paths" else f"--{option.replace('_', '-')} is"
            raise UsageProblem(f"{what} for the probe {' or '.join(_FITS[option])}, not for {name}")


def _probe(
    name: str, paths: tuple[Path, ...], out: Path, trust: Path | None, table: Path | None, server_logs: tuple[Path, ...]
) -> Probe:
    """The probe of that name, of those that look at the service or at what it left."""
    from gates.probes import authorization_sweep, policy_binding, receipt_verification, secret_scan
    from gates.probes.fail_closed import probe as fail_closed

    if name == "authorization-sweep":
        return authorization_sweep.PROBE
    if name == "fail-closed":
        return fail_closed.make_probe(table)
    if name == "policy-binding":
        return policy_binding.PROBE
    if name == "host-matrix":
        from gates.probes.onboarding import host_matrix

        return host_matrix.PROBE
    if name == "receipt-verification":
        return receipt_verification.make_probe(out, trust)
    return secret_scan.make_probe(paths, os.environ, server_logs)


def _onboarding(name: str, paths: tuple[Path, ...], funnel: Path | None, store: EvidenceStore, build: str | None) -> Probe:
    """The probe of that name, of those about new users."""
    from gates.evidence_cli import trust_root
    from gates.probes.onboarding import onboarding_funnel, runbook_resolution, setup_journal
    from gates.schema.time import system_clock

    if name == "setup-journal":
        return setup_journal.make_probe(paths, funnel, build, system_clock)
    if name == "onboarding-funnel":
        return onboarding_funnel.make_probe(funnel, system_clock)
    if name == "sign-in-canary":
        from gates.probes.sign_in import canary, earlier

        return canary.make_probe(build, system_clock, earlier.reader(store, trust_root(None)))
    return runbook_resolution.make_probe(store, trust_root(None), build, system_clock)


def _determinism(target: str, home: Path, evidence: Path, *, build: str | None, review: Path | None) -> Probe:
    from gates.evidence.keys import TRUST_FILE
    from gates.probes.determinism import corpus_producer, make_probe, scorecard_producer, verdict_producer
    from gates.schema.time import format_utc, system_clock

    moment = format_utc(system_clock())
    where = str(Path(target).absolute()) if Path(target).suffix in (".yaml", ".yml") else target
    judged = ["--target", where, "--evidence", str(evidence), "--trust", str(home / "keys" / TRUST_FILE), "--now", moment]
    producers = [corpus_producer(), verdict_producer([*judged, *(["--build", build] if build else [])])]
    if review is not None:
        producers.append(scorecard_producer([str(review.absolute()), "--out", "{out}"]))
    return make_probe(producers)


def _as_text(done: Conducted) -> str:
    result = done.result
    lines = [f"{done.probe}: {done.status}" + (f": {done.detail}" if done.detail else "")]
    for name, measure in result.measures.items():
        value = measure.value if measure.value is not None else f"unknown ({measure.unknown})"
        skipped = f", {measure.skipped} skipped" if measure.skipped else ""
        lines.append(f"  {name:<28}{value:>6}  of {measure.samples} looked at{skipped}")
        lines += [f"    {measure.detail}"] if measure.detail else []
    lines += [f"  finding: {item.where}: expected {item.expected}; found {item.found}" for item in result.findings[:20]]
    lines += [f"  skipped: {item.where}: {item.why}" for item in result.skipped[:20]]
    cut = max(len(result.findings) - 20, 0) + max(len(result.skipped) - 20, 0)
    lines += [f"  and {cut} more in the report"] if cut else []
    return "\n".join([*lines, f"  evidence {done.evidence[:12]}, report {done.report}"])


def _as_json(done: Conducted) -> str:
    from gates.schema.canonical import canonical_json, to_builtins

    content, result = to_builtins(done), to_builtins(done.result)
    assert isinstance(content, dict), "a struct becomes a mapping"
    assert isinstance(result, dict), "a struct becomes a mapping"
    del result["raw"]  # it is in the evidence store
    return canonical_json({**content, "result": result, "exit_code": int(done.exit_code)}).decode()
