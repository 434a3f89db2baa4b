"""What does a scan for secrets show? The files that it searched, what it found, and what it could not search. Pure."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gates.evidence.statement import Measure
from gates.probes.conduct import Finding, Result, Skipped, counted
from gates.probes.raw import raw_text, read_raw
from gates.probes.scan import Hit
from gates.schema.outcome import UnknownReason

FILE = "searched.json"
FINDINGS = "findings"


class SearchedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file: its name in the report, the sha256 of what was searched, and the kinds of artifacts that it counts for."""

    name: str
    sha256: str
    kinds: tuple[str, ...]


class Searched(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The files, what could not be searched or not be searched for, the secrets, and the number of `forms` looked for.

    `lost` are planted secrets that were not found, `absent` the kinds of artifacts that no file was.
    """

    files: tuple[SearchedFile, ...]
    unsearched: tuple[tuple[str, str], ...]
    hits: tuple[Hit, ...]
    forms: int
    lost: tuple[str, ...]
    absent: tuple[str, ...]


def judge_searched(searched: Searched) -> Result:
    """Measures and findings: where secrets are and of what kind, never what they are."""
    findings = tuple(
        Finding(FINDINGS, f"{hit.file}:{hit.line}", "no secret", f"{hit.kind}, sha256 {hit.sha256_prefix}...")
        for hit in searched.hits
    )
    skipped = tuple(Skipped(FINDINGS, name, why) for name, why in searched.unsearched)
    samples = len(searched.files) * searched.forms
    measure = counted(FINDINGS, samples, findings, skipped, to_change="no file could be searched")
    measure = msgspec.structs.replace(measure, made_of=kinds_in(searched.files))
    measure = _proven(measure, searched.lost, searched.absent)
    return Result({FINDINGS: measure}, findings, skipped, raw={FILE: raw_text(searched)})


def kinds_in(files: Sequence[SearchedFile]) -> dict[str, int]:
    """How many files of each kind were searched."""
    return dict(sorted(Counter(kind for item in files for kind in item.kinds).items()))


def again(folder: Path) -> Result:
    """The result of the raw files in a folder."""
    return judge_searched(read_raw(folder / FILE, Searched))


def _proven(measure: Measure, lost: Sequence[str], absent: Sequence[str]) -> Measure:
    """What was found counts in any case; that nothing was found counts where it would have been, and where it matters."""
    if measure.value != "0":
        return measure
    if lost:
        why = f"planted secrets were not found: {', '.join(lost)}"
        return msgspec.structs.replace(measure, value=None, unknown=UnknownReason.ADAPTER_ERROR, detail=why)
    if absent:
        why = f"not among what was scanned: {'; '.join(absent)}"
        return msgspec.structs.replace(measure, value=None, unknown=UnknownReason.TOO_FEW_SAMPLES, detail=why)
    return measure
