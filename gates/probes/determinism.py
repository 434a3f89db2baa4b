"""The probe determinism: same inputs, another hash seed, time zone, locale and folder: the same bytes?"""

import base64
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import msgspec

from gates.evidence.statement import EvidenceKind
from gates.probes.client import TargetClient
from gates.probes.conduct import Finding, Probe, Result, Skipped, counted
from gates.probes.raw import raw_text, read_raw
from gates.schema.canonical import Json, sha256_hex
from gates.schema.outcome import ExitCode
from gates.schema.progress import progress
from gates.schema.rooms import room_argv
from gates.schema.state import state_dir

DIFFERING = "differing_artifacts"
TIMEOUT_S = 120
_VERDICTS = frozenset({ExitCode.GREEN, ExitCode.RED, ExitCode.UNKNOWN, ExitCode.YELLOW, ExitCode.CONDITIONAL})


class Environment(msgspec.Struct, frozen=True):
    """What must not matter. The second zone is fourteen hours ahead: there it is already tomorrow."""

    name: str
    variables: dict[str, str]


def _environment(hash_seed: str, zone: str, locale: str) -> Environment:
    name = f"hash seed {hash_seed}, zone {zone}, locale {locale}"
    return Environment(name, {"PYTHONHASHSEED": hash_seed, "TZ": zone, "LC_ALL": locale, "LANG": locale, "PYTHONUTF8": "0"})


ENVIRONMENTS = (
    _environment("0", "UTC0", "C"),
    _environment("1", "<+14>-14", "C.UTF-8"),
    _environment("random", "UTC0", "C.UTF-8"),
    _environment("random", "<+14>-14", "C"),
)


class Producer(msgspec.Struct, frozen=True):
    """A program that makes artifacts from fixed inputs.

    `argv` may name `{out}`, a fresh folder. Its artifacts are the files it writes there and, with `stdout`, what it prints.
    Where `present` is given and does not end with 0, the program is not there, and its artifacts count as skipped.
    """

    name: str
    argv: tuple[str, ...]
    present: tuple[str, ...] = ()
    stdout: bool = True


Made = dict[str, bytes]
FILE = "outputs.json"


class Output(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one producer made in one environment: the sha256 of each artifact."""

    producer: str
    environment: str
    artifacts: dict[str, str]


class Outputs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All outputs, a producer's environments in their order, and the producers that made none."""

    made: tuple[Output, ...]
    skipped: tuple[Skipped, ...]


def make_probe(producers: Sequence[Producer]) -> Probe:
    """The probe over these producers."""
    return Probe("determinism", EvidenceKind.DETERMINISM, (DIFFERING,), _run(producers), is_offline=True)


def corpus_producer() -> Producer:
    """What gates/ makes alone: canonical bytes, signed receipts, a signed statement."""
    return Producer("corpus", tuple(room_argv("gates.probes.corpus")))


def verdict_producer(arguments: Sequence[str]) -> Producer:
    """The gates' verdict on evidence as it lies there now."""
    gate = room_argv("scorecards", "gate", "run")
    return Producer("gate verdict", (*gate, "--format", "json", *arguments), (*gate, "--help"))


def scorecard_producer(arguments: Sequence[str]) -> Producer:
    """The scorecard of a review folder, built again."""
    build = room_argv("scorecards", "scorecard", "build")
    return Producer("scorecard", (*build, *arguments), (*build, "--help"), stdout=False)


def _run(producers: Sequence[Producer]) -> Callable[[TargetClient], Result]:
    def run(client: TargetClient) -> Result:  # noqa: ARG001  # every probe takes a client; this one runs programs
        with tempfile.TemporaryDirectory(prefix="determinism-") as scratch, progress("determinism", len(producers)) as shown:
            outputs: list[Output] = []
            skipped: list[Skipped] = []
            for number, producer in enumerate(producers):
                shown.step(number, producer.name)
                made = _make_everywhere(producer, Path(scratch) / str(number))
                if isinstance(made, str):
                    skipped.append(Skipped(DIFFERING, producer.name, made))
                    continue
                for environment, artifacts in made.items():
                    digests = {name: sha256_hex(data) for name, data in artifacts.items()}
                    outputs.append(Output(producer.name, environment, digests))
            shown.step(len(producers))
        result = judge_outputs(Outputs(tuple(outputs), tuple(skipped)))
        return msgspec.structs.replace(result, facts={"environments": [item.name for item in ENVIRONMENTS], **result.facts})

    return run


def judge_outputs(outputs: Outputs) -> Result:
    """Measures and findings. Pure."""
    digests: dict[str, Json] = {}
    findings: list[Finding] = []
    for name, items in groupby(outputs.made, key=lambda item: item.producer):
        made = {item.environment: item.artifacts for item in items}
        findings.extend(compare(name, made))
        first = next(iter(made.values()))
        digests.update({f"{name}: {artifact}": digest for artifact, digest in first.items()})
    measure = counted(DIFFERING, len(digests), findings, outputs.skipped, to_change="no producer made an artifact")
    facts: dict[str, Json] = {"artifacts": dict(sorted(digests.items()))}
    return Result({DIFFERING: measure}, tuple(findings), outputs.skipped, facts, raw={FILE: raw_text(outputs)})


def again(folder: Path) -> Result:
    """The result of the raw files in a folder."""
    return judge_outputs(read_raw(folder / FILE, Outputs))


def compare(producer: str, made: Mapping[str, Mapping[str, str]]) -> list[Finding]:
    """One finding for each artifact that is not the same everywhere, naming the first environment where it differs.

    `made` are the sha256 of the artifacts, by environment.
    """
    findings = []
    (base_name, base), *others = made.items()
    for name in sorted({name for each in made.values() for name in each}):
        for environment, each in others:
            if each.get(name) != base.get(name):
                found = f"{_short(each.get(name))} with {environment}"
                expected = f"{_short(base.get(name))} as with {base_name}"
                findings.append(Finding(DIFFERING, f"{producer}: {name}", expected, found))
                break
    return findings


def _make_everywhere(producer: Producer, scratch: Path) -> dict[str, Made] | str:
    """The artifacts by environment, or why there are none."""
    if producer.present and _call(producer.present, {}, scratch / "present").returncode != 0:
        return f"not run: {producer.name} is not there yet"
    made: dict[str, Made] = {}
    for number, environment in enumerate(ENVIRONMENTS):
        folder = scratch / f"{number}"
        argv = [part.replace("{out}", str(folder)) for part in producer.argv]
        done = _call(argv, environment.variables, folder)
        if done.returncode not in _VERDICTS:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
            return f"not run: exit {done.returncode} with {environment.name}: {last[0]}"
        made[environment.name] = {name: data for name, data in _artifacts(producer, done.stdout, folder).items() if data}
        if not made[environment.name]:
            return f"not run: no artifact with {environment.name}: {done.stderr.decode(errors='replace').strip()[-200:]}"
    return made


def _call(argv: Sequence[str], variables: Mapping[str, str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    folder.mkdir(parents=True)
    environ = {**{name: value for name, value in os.environ.items() if not name.startswith("LC_")}, **variables}
    environ["GONOGO_HOME"] = str(state_dir())
    try:
        return subprocess.run(argv, env=environ, cwd=folder, capture_output=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(argv, -1, b"", f"no end within {TIMEOUT_S} s".encode())


def _artifacts(producer: Producer, stdout: bytes, folder: Path) -> Made:
    made = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    if producer.stdout:
        lines = [line.split(b"\t") for line in stdout.splitlines()]
        if lines and all(len(line) == 2 for line in lines):
            made.update({name.decode(): base64.b64decode(data) for name, data in lines})
        else:
            made["stdout"] = stdout
    return made


def _short(sha256: str | None) -> str:
    return "no artifact" if sha256 is None else f"sha256 {sha256[:12]}"
