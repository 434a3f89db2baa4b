"""The probe determinism: programs run in other environments, their artifacts compared byte for byte."""

import sys

import pytest

from gates.evidence.dsse import jwks_bytes
from gates.probes.corpus import artifacts
from gates.probes.determinism import ENVIRONMENTS, Producer, compare, corpus_producer, make_probe, verdict_producer
from gates.schema.canonical import sha256_hex
from gates.schema.outcome import ExitCode, UnknownReason

GOLDEN = {
    "canonical JSON": "609404ee7ea56ff3",
    "canonical YAML": "5936410f90b5e02a",
    "key set": "c016303b1baa519c",
    "receipts, signed": "101082ab810f4a6d",
    "evidence statement, signed": "4fda0be661fb4b12",
}


def _program(code, **options):
    return Producer("a program", (sys.executable, "-c", code), **options)


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    """Every program's state folder is the test's own."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))


def test_the_corpus_has_the_bytes_that_it_always_had():
    """On every machine and in every version: a change here means that old signatures no longer fit new bytes."""
    assert {name: sha256_hex(data)[:16] for name, data in artifacts().items()} == GOLDEN


@pytest.mark.process
def test_the_corpus_is_the_same_in_every_environment(workbench):
    """Five artifacts, four environments, no difference, and each digest is told."""
    done = workbench.run(make_probe([corpus_producer()]))
    assert done.result.measures["differing_artifacts"].value == "0"
    assert done.result.measures["differing_artifacts"].samples == 5
    assert len(done.result.facts["environments"]) == len(ENVIRONMENTS) == 4
    assert done.exit_code is ExitCode.GREEN


@pytest.mark.process
@pytest.mark.parametrize(
    "code",
    [
        "print({'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'})",
        "import time; print(time.localtime(0).tm_hour)",
        "import os; print(os.environ['LC_ALL'])",
        "import os; print(os.getcwd())",
        "import time; print(time.monotonic_ns())",
    ],
)
def test_a_program_that_depends_on_its_environment_is_found(workbench, code):
    """Hash order, time zone, locale, folder and clock each show."""
    done = workbench.run(make_probe([_program(code)]))
    assert [item.where for item in done.result.findings] == ["a program: stdout"]
    assert done.exit_code is ExitCode.RED


@pytest.mark.process
def test_files_are_compared_as_well(workbench):
    """What a program leaves in its folder counts, each file alone."""
    code = "import os, pathlib; pathlib.Path('same').write_text('x'); pathlib.Path('other').write_text(os.environ['TZ'])"
    done = workbench.run(make_probe([_program(code, stdout=False)]))
    assert [item.where for item in done.result.findings] == ["a program: other"]
    assert done.result.measures["differing_artifacts"].samples == 2


@pytest.mark.process
@pytest.mark.parametrize(
    ("producer", "why"),
    [
        (_program("raise SystemExit(2)"), "exit 2"),
        (_program("print(1)", present=(sys.executable, "-c", "raise SystemExit(1)")), "is not there yet"),
        (_program("pass"), "no artifact"),
    ],
)
def test_what_did_not_run_is_skipped_not_passed(workbench, producer, why):
    """A program that fails, is absent or makes nothing leaves no artifact to compare, and the exit code says unknown."""
    done = workbench.run(make_probe([producer]))
    assert [why in item.why for item in done.result.skipped] == [True]
    assert done.result.measures["differing_artifacts"].samples == 0
    assert done.exit_code is ExitCode.UNKNOWN


@pytest.mark.process
def test_the_gates_verdict_is_the_same_in_every_environment(workbench):
    """The verdict on stored evidence, with the moment and the build given; the log lists the probe's own run by then."""
    trust = workbench.out.parent / "trust.json"
    trust.write_bytes(jwks_bytes(workbench.signer.jwk))
    arguments = ["--evidence", str(workbench.store.folder), "--trust", str(trust)]
    arguments += ["--build", "a" * 64, "--now", "2026-11-23T10:00:00Z"]
    done = workbench.run(make_probe([verdict_producer(arguments)]))
    assert done.result.skipped == ()
    assert (done.result.measures["differing_artifacts"].value, done.result.measures["differing_artifacts"].samples) == ("0", 1)


def test_an_artifact_that_is_missing_somewhere_differs():
    """Made here, not made there: that is a difference."""
    (finding,) = compare("a program", {"one": {"x": "1" * 64}, "two": {}})
    assert "no artifact with two" in finding.found


@pytest.mark.process
def test_without_an_artifact_nothing_was_compared(workbench):
    """No producer, no artifact: too few samples, and not zero differences."""
    done = workbench.run(make_probe([]))
    measure = done.result.measures["differing_artifacts"]
    assert (measure.value, measure.unknown, done.exit_code) == (None, UnknownReason.TOO_FEW_SAMPLES, ExitCode.UNKNOWN)
