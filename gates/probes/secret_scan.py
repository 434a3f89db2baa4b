"""The probe secret-scan: is there a secret in the logs or artifacts? Only what is named on the command line is scanned."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gates.evidence.statement import EvidenceKind
from gates.probes.client import NotRun, TargetClient
from gates.probes.conduct import Finding, Probe, Result, Skipped, counted
from gates.probes.credentials import known_credentials
from gates.probes.patterns import SHAPES, exact_patterns
from gates.probes.scan import scan
from gates.schema.canonical import to_builtins
from gates.schema.progress import progress

FINDINGS = "findings"


def make_probe(paths: Sequence[Path], environ: Mapping[str, str]) -> Probe:
    """The probe over these files and folders; `environ` is where known credentials are read from."""
    return Probe("secret-scan", EvidenceKind.SECRET_SCAN, (FINDINGS,), _run(paths, environ))


def _run(paths: Sequence[Path], environ: Mapping[str, str]) -> Callable[[TargetClient], Result]:
    def run(client: TargetClient) -> Result:
        """Scan, and report only where and of what kind: the secret itself is written nowhere."""
        if not paths:
            raise NotRun("no file or folder was named", next_step="gonogo gate probe secret-scan PATH... --out DIR")
        missing = {role: why for role, why in client.missing.items() if role in client.target.credentials}
        sought = known_credentials(environ, client.credentials, missing)
        with progress("secret-scan", len(paths)) as shown:
            shown.step(0, "reading")
            found = scan(paths, exact_patterns(sought.texts))
            shown.step(len(paths), f"{found.files} files")
        if not found.files and not found.unread:
            names = ", ".join(path.resolve().name for path in paths)
            raise NotRun(
                f"nothing was searched: {names} holds no file", next_step="name the folders that hold logs and artifacts"
            )
        findings = tuple(
            Finding(FINDINGS, f"{hit.file}:{hit.line}", "no secret", f"{hit.kind}, sha256 {hit.sha256_prefix}...")
            for hit in found.hits
        )
        skipped = tuple(Skipped(FINDINGS, name, why) for name, why in (*found.unread, *sorted(sought.unsearchable.items())))
        facts = to_builtins(
            {
                "files": found.files,
                "bytes": found.size_bytes,
                "known_credentials": sorted(sought.texts),
                "kinds": [shape.kind for shape in SHAPES],
                "scanned": [path.resolve().name for path in paths],
            }
        )
        assert isinstance(facts, dict), "a mapping stays a mapping"
        return Result({FINDINGS: counted(FINDINGS, found.files, findings, skipped)}, findings, skipped, facts)

    return run
