"""A scorecard's verdict as in-toto statements: a SLSA verification summary, and a test result. Pure; unsigned."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from urllib.parse import quote

import msgspec

from gates.evidence.statement import STATEMENT_TYPE
from gates.outputs.report import Mark, Report, judged, name
from gates.schema.canonical import Json
from gates.schema.errors import UnknownProblem
from gates.schema.outcome import Decision

VSA = "https://slsa.dev/verification_summary/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Verifier(StrEnum):
    """Who vouches: consumers accept a pair of this and a key. Only `official` is a verdict that counts."""

    OFFICIAL = "urn:gonogo:verifier:official"
    PREVIEW = "urn:gonogo:verifier:preview"
    REHEARSAL = "urn:gonogo:verifier:rehearsal"


LEVELS = {
    Verifier.OFFICIAL: "GONOGO_GO_OFFICIAL",
    Verifier.PREVIEW: "GONOGO_GO_PREVIEW",
    Verifier.REHEARSAL: "GONOGO_GO_REHEARSAL",
}
"""The level that a GO reaches."""


class Basis(msgspec.Struct, frozen=True):
    """What the verdict came from: who vouches, the bar and the gate set by sha256, the folder's attestations by file name."""

    verifier: Verifier
    bar_sha256: str
    gate_set_sha256: str
    attestations: Mapping[str, str]


def make_vsa(report: Report, basis: Basis) -> dict[str, Json]:
    """A verification summary: PASSED for GO alone. Raises UnknownProblem where the build is not known."""
    passed = report.decision is Decision.GO
    predicate: dict[str, Json] = {
        "verifier": {"id": basis.verifier.value},
        "timeVerified": report.at,
        "resourceUri": f"urn:gonogo:target:{quote(report.target, safe='')}",
        "policy": {"uri": "urn:gonogo:bar", "digest": {"sha256": basis.bar_sha256}},
        "inputAttestations": [{"uri": uri, "digest": {"sha256": digest}} for uri, digest in sorted(basis.attestations.items())],
        "verificationResult": "PASSED" if passed else "FAILED",
        "verifiedLevels": [LEVELS[basis.verifier] if passed else "FAILED"],
    }
    return _statement(report, VSA, predicate)


def make_test_result(report: Report, basis: Basis) -> dict[str, Json]:
    """A test result: a criterion is a test. What is unknown is in no list: it was not run, and nobody may read it as passed."""
    tests: dict[Mark, list[Json]] = {mark: [] for mark in Mark}
    for gate, item, mark in judged(report):
        tests[mark].append(name(gate, item))
    clean = report.decision is Decision.GO and not report.yellow
    predicate: dict[str, Json] = {
        "result": "FAILED" if report.decision is Decision.NO_GO else "PASSED" if clean else "WARNED",
        "configuration": [
            {"name": "bar", "digest": {"sha256": basis.bar_sha256}},
            {"name": "gate-set", "digest": {"sha256": basis.gate_set_sha256}},
        ],
        "passedTests": tests[Mark.PASS],
        "warnedTests": [*tests[Mark.WARN], *tests[Mark.WAIVED]],
        "failedTests": tests[Mark.FAIL],
    }
    return _statement(report, TEST_RESULT, predicate)


def _statement(report: Report, kind: str, predicate: dict[str, Json]) -> dict[str, Json]:
    if not report.build:
        raise UnknownProblem(
            f"the build of {report.target} is not known, so a statement would be about nothing",
            next_step="let the target's `build` say where the service reports it, or give --build SHA256",
        )
    algorithm = "sha256" if _SHA256.fullmatch(report.build) else "build"
    subject: dict[str, Json] = {"name": report.target, "digest": {algorithm: report.build}}
    return {"_type": STATEMENT_TYPE, "subject": [subject], "predicateType": kind, "predicate": predicate}


STATEMENTS: dict[str, Callable[[Report, Basis], dict[str, Json]]] = {"vsa": make_vsa, "test-result": make_test_result}
"""By the name that `--format` takes; gates.schema.options.STATEMENTS lists the same names."""
