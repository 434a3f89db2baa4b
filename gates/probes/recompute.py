"""Do a probe's measures follow from its raw files? Computed again from them alone."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from gates.evidence.recomputed import Recomputed
from gates.probes import authorization_sweep, determinism, policy_binding, receipt_verification, searched, sweep
from gates.probes.conduct import REPORT, Result, Status, nothing
from gates.probes.fail_closed import tried
from gates.probes.onboarding import figures, host_matrix, onboarding_funnel, resolution, runbook_resolution, setup_journal, walked
from gates.probes.raw import read_raw
from gates.probes.sign_in import points
from gates.schema.errors import UsageProblem
from gates.schema.outcome import UnknownReason

_AGAIN: dict[str, tuple[tuple[str, ...], Callable[[Path], Result]]] = {
    "authorization-sweep": (authorization_sweep.PROBE.measures, sweep.again),
    "fail-closed": ((tried.ANSWERS, tried.CODES), tried.again),
    "policy-binding": (policy_binding.PROBE.measures, policy_binding.again),
    "receipt-verification": (receipt_verification.MEASURES, receipt_verification.again),
    "secret-scan": ((searched.FINDINGS,), searched.again),
    "determinism": ((determinism.DIFFERING,), determinism.again),
    "host-matrix": (host_matrix.MEASURES, host_matrix.again),
    "setup-journal": (walked.MEASURES, setup_journal.again),
    "onboarding-funnel": (figures.MEASURES, onboarding_funnel.again),
    "sign-in-canary": (points.MEASURES, points.again),
    "runbook-resolution": (resolution.MEASURES, runbook_resolution.again),
}
"""For each probe the names of its measures, and what computes them from a folder of raw files."""


class _Report(msgspec.Struct, frozen=True):
    probe: str
    status: Status


def recompute(folder: Path) -> Recomputed:
    """What the raw files in `folder` give; raises UsageProblem or UnverifiedProblem for a file that is missing or malformed."""
    report = read_raw(folder / REPORT, _Report)
    if report.probe not in _AGAIN:
        raise UsageProblem(f"{folder / REPORT}: no probe is called {report.probe!r}")
    names, again = _AGAIN[report.probe]
    result = again(folder) if report.status == "complete" else nothing(names, UnknownReason(report.status))
    return Recomputed(report.probe, result.measures, report.status, cohort=result.cohort)
