"""The probe secret-scan: is there a secret in the logs or artifacts? Only what is named on the command line is scanned."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from gates.evidence.statement import EvidenceKind
from gates.probes.artifacts import kinds_of, missing_kinds
from gates.probes.canaries import FORMATS, unproven
from gates.probes.client import NotRun, TargetClient
from gates.probes.conduct import Probe, Result
from gates.probes.credentials import Sought, known_credentials
from gates.probes.patterns import SHAPES, all_forms, exact_patterns
from gates.probes.scan import Scan, scan
from gates.probes.searched import FINDINGS, Searched, SearchedFile, judge_searched, kinds_in
from gates.schema.canonical import to_builtins
from gates.schema.progress import progress
from gates.schema.target import Target


def make_probe(paths: Sequence[Path], environ: Mapping[str, str], server_logs: Sequence[Path] = ()) -> Probe:
    """The probe over these files and folders; `environ` is where known credentials are read from.

    `server_logs` are scanned too, and are the service's logs whatever they are called.
    """
    return Probe("secret-scan", EvidenceKind.SECRET_SCAN, (FINDINGS,), _run(paths, environ, server_logs), is_offline=True)


def _run(paths: Sequence[Path], environ: Mapping[str, str], server_logs: Sequence[Path]) -> Callable[[TargetClient], Result]:
    def run(client: TargetClient) -> Result:
        """Prove that planted secrets are found, then scan, and report only where and of what kind."""
        every = (*paths, *server_logs)
        if not every:
            raise NotRun("no file or folder was named", next_step="gonogo gate probe secret-scan PATH... --out DIR")
        missing = {role: why for role, why in client.missing.items() if role in client.target.credentials}
        sought = known_credentials(environ, {role: sent.value for role, sent in client.credentials.items()}, missing)
        exact = exact_patterns(sought.texts)
        with progress("secret-scan", len(every) + 1) as shown:
            shown.step(0, "planted secrets")
            lost = unproven(exact, sought.texts)
            shown.step(1, "reading")
            found = scan(every, exact)
            shown.step(len(every) + 1, f"{len(found.read)} files")
        if not found.read and not found.unread:
            names = ", ".join(path.resolve().name for path in every)
            raise NotRun(
                f"nothing was searched: {names} holds no file", next_step="name the folders that hold logs and artifacts"
            )
        return _result(client.target, found, sought, lost, server_logs)

    return run


def _result(target: Target, found: Scan, sought: Sought, lost: Sequence[str], server_logs: Sequence[Path]) -> Result:
    files = tuple(SearchedFile(name, found.digests[name], tuple(kinds_of(path, name, server_logs))) for path, name in found.read)
    forms, kinds = len(SHAPES) + sum(len(all_forms(texts)) for texts in sought.texts.values()), kinds_in(files)
    absent = missing_kinds(target, kinds)
    unsearched = (*found.unread, *sorted(sought.unsearchable.items()))
    facts = to_builtins(
        {
            "files": len(found.read),
            "forms": forms,
            "bytes": found.size_bytes,
            "artifacts": kinds,
            "artifacts_missing": absent,
            "planted_not_found": list(lost),
            "known_credentials": sorted(sought.texts),
            "kinds": [shape.kind for shape in SHAPES],
            "formats": list(FORMATS),
        }
    )
    assert isinstance(facts, dict), "a mapping stays a mapping"
    searched = judge_searched(Searched(files, unsearched, found.hits, forms, tuple(lost), tuple(absent)))
    return msgspec.structs.replace(searched, facts=facts)
