"""Reading receipts from files: one envelope as JSON, or many as JSON lines."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from gates.evidence.dsse import Envelope
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UsageProblem


class _Item(msgspec.Struct, frozen=True):
    """One item of the service's listing; the envelope inside is the receipt."""

    envelope: Envelope


def read_receipt_file(path: Path) -> list[tuple[str, Envelope]]:
    """Every receipt in the file with its place in it.

    Raises UsageProblem naming the file and line that is not a DSSE envelope, and for a file without any.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageProblem(f"{path}: cannot be read: {error.strerror}") from None
    if _is_one_document(data):
        return [(path.name, _envelope(data, str(path)))]
    lines = [(number, line) for number, line in enumerate(data.splitlines(), 1) if line.strip()]
    if not lines:
        raise UsageProblem(f"{path}: holds no receipt", next_step="give a DSSE envelope as JSON, or many as JSON lines")
    return [(f"{path.name}:{number}", _envelope(line, f"{path}, line {number}")) for number, line in lines]


def read_policy_files(paths: Sequence[Path]) -> dict[str, bytes]:
    """Policy documents by the sha256 of their bytes, which is how receipts name them.

    Raises UsageProblem naming the file that cannot be read.
    """
    try:
        documents = [path.read_bytes() for path in paths]
    except OSError as error:
        raise UsageProblem(f"{error.filename}: cannot be read: {error.strerror}") from None
    return {sha256_hex(document): document for document in documents}


def write_policy_files(folder: Path, documents: Mapping[str, bytes]) -> None:
    """Write policy documents beside the receipts that name them, each under its sha256."""
    for digest, document in documents.items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{digest}.json").write_bytes(document)


def write_receipt_file(path: Path, envelopes: list[Envelope]) -> None:
    """Write receipts as JSON lines, which `gonogo receipt verify` reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(msgspec.json.encode(envelope) + b"\n" for envelope in envelopes))


def _is_one_document(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


def _envelope(data: bytes, origin: str) -> Envelope:
    try:
        return msgspec.json.decode(data, type=Envelope)
    except msgspec.MsgspecError as error:
        first = error
    try:
        return msgspec.json.decode(data, type=_Item).envelope
    except msgspec.MsgspecError:
        raise UsageProblem(
            f"{origin}: not a DSSE envelope: {first}", next_step="export it with GET /v1/receipts/{receipt_id}"
        ) from None
