"""Is what a person attested still as it was? The criterion or the document now, against the one of the attestation."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.gate import Criterion, Gate, criterion_name
from gates.schema.outcome import UnknownReason
from gates.schema.source import ABOUT, AttestationSource
from gates.selection import Found, Refusal
from gates.shelf import Shelf


def attested_bytes(criterion: Criterion) -> bytes:
    """What a person signs of a criterion: all of it but the command that collects its evidence, which a review fills in."""
    return canonical_json(msgspec.structs.replace(criterion, source=msgspec.structs.replace(criterion.source, produced_by="")))


def document_digests(gates: Sequence[Gate]) -> dict[str, str]:
    """The sha256 of each document that these gates name, as it lies there now; "" for one that cannot be read."""
    return {name: _sha256(Path(name)) for name in sorted({one.document for one in _sources(gates) if one.document is not None})}


def attested_now(gates: Sequence[Gate], documents: Mapping[str, str]) -> dict[AttestationSource, str]:
    """For each attestation that these gates ask for the sha256 of what it has to be about; "" where that is not there. Pure."""
    criteria = {criterion_name(gate, one): one for gate in gates for one in gate.criteria}
    return {source: _now(source, criteria, documents) for source in _sources(gates)}


def still_attested(found: Found, criterion: Criterion, shelf: Shelf, now: Mapping[AttestationSource, str]) -> Found:
    """What was found, unless it is an attestation of another text than there is now. Pure."""
    source = criterion.source
    if not isinstance(source, AttestationSource) or found.digest is None or isinstance(found.measure, Refusal):
        return found
    about = next((one.sha256 for one in shelf.artifacts(found.digest) if one.name == ABOUT), "")
    if about and about == now.get(source):
        return found
    what = source.document or f"the criterion {source.about}"
    text = f"{what} is another text than was attested" if now.get(source) else f"{what} is not there"
    return msgspec.structs.replace(found, measure=Refusal(UnknownReason.STALE, f"{text}: attest and collect it again"))


def _sources(gates: Sequence[Gate]) -> Iterator[AttestationSource]:
    for gate in gates:
        for criterion in gate.criteria:
            if isinstance(criterion.source, AttestationSource):
                yield criterion.source


def _now(source: AttestationSource, criteria: Mapping[str, Criterion], documents: Mapping[str, str]) -> str:
    if source.document is not None:
        return documents.get(source.document, "")
    criterion = criteria.get(source.about)
    return "" if criterion is None else sha256_hex(attested_bytes(criterion))


def _sha256(path: Path) -> str:
    try:
        return sha256_hex(path.read_bytes())
    except OSError:
        return ""
