"""Artifacts that a statement names: laid out as the rooms read them, searched for secrets, and signed again with changes."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from gates.evidence.dsse import Signer
from gates.evidence.statement import make_statement, sign_statement
from gates.evidence.store import EvidenceStore, Held
from gates.probes.patterns import SHAPES, exact_patterns
from gates.schema.canonical import sha256_hex


def lay_out(store: EvidenceStore, held: Held, folder: Path) -> Path:
    """The artifacts of a statement in a folder, under the names that it gives them."""
    for name, data in contents(store, held):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def contents(store: EvidenceStore, held: Held) -> Iterator[tuple[str, bytes]]:
    """The name and the bytes of each artifact."""
    for artifact in held.statement.predicate.artifacts:
        yield artifact.name, store.artifact_path(artifact.sha256).read_bytes()


def artifact_of(store: EvidenceStore, held: Held, name: str) -> Path:
    """The file in the store that the statement calls so."""
    (found,) = [item for item in held.statement.predicate.artifacts if item.name == name]
    return store.artifact_path(found.sha256)


def secrets_in(store: EvidenceStore, held: Held, credentials: Mapping[str, str]) -> list[str]:
    """What the secret scan's patterns find in the artifacts, and in the statement itself."""
    patterns = (*SHAPES, *exact_patterns({name: [value] for name, value in credentials.items()}))
    files = [*contents(store, held), ("the statement", msgspec.json.encode(held.statement))]
    return [f"{name}: {item.kind}" for name, data in files for item in patterns if re.search(item.expression, data)]


def signed_again(signer: Signer, held: Held, **changes: object) -> Held:
    """The statement with changes in its predicate, under this key."""
    predicate = msgspec.structs.replace(held.statement.predicate, **changes)
    statement = make_statement(held.statement.predicate_type, held.statement.subject[0], predicate)
    envelope = sign_statement(signer, statement)
    return Held(sha256_hex(msgspec.json.encode(envelope)), envelope, statement)
