"""Reading receipts from files: one envelope as JSON, or many as JSON lines; each is bounded in size."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from gates.evidence.dsse import Envelope
from gates.receipts.receipt import EARLIER_TYPE
from gates.schema.canonical import Json, sha256_hex
from gates.schema.errors import UnverifiedProblem, UsageProblem
from gates.schema.printable import printable
from gates.schema.strict_json import Ambiguous, read_json

LONGEST = 1 << 20
"""Bytes of one envelope, or of one policy document; the gateway's largest are a tenth of it."""


class _Item(msgspec.Struct, frozen=True):
    """One item of the service's listing; the envelope inside is the receipt."""

    envelope: Envelope


def read_receipt_file(path: Path) -> list[tuple[str, Envelope]]:
    """Every receipt in the file with its place in it.

    Raises UsageProblem naming the file and line that is not a DSSE envelope, and for a file without any; UnverifiedProblem for
    one that can be read in two ways, that is too long, or that an earlier build wrote.
    """
    try:
        with path.open("rb") as file:
            found = list(_receipts(file, path))
    except OSError as error:
        raise UsageProblem(f"{path}: cannot be read: {error.strerror}") from None
    if not found:
        raise UsageProblem(f"{path}: holds no receipt", next_step="give a DSSE envelope as JSON, or many as JSON lines")
    return found


def _receipts(file: BinaryIO, path: Path) -> Iterator[tuple[str, Envelope]]:
    """Envelope by envelope. Where the first line is not JSON of its own, the whole file is one document."""
    number = 0
    while line := file.readline(LONGEST + 1):
        number += 1
        origin = f"{path}, line {number}"
        if not line.strip():
            continue
        if number == 1 and not _is_whole(line):
            yield path.name, _envelope(line + file.read(LONGEST + 1 - len(line)), str(path))
            return
        yield f"{path.name}:{number}", _envelope(line, origin)


def _is_whole(line: bytes) -> bool:
    try:
        read_json(line)
    except Ambiguous:
        return True
    except ValueError:
        return False
    return True


def _envelope(data: bytes, origin: str) -> Envelope:
    if len(data) > LONGEST:
        raise UnverifiedProblem(f"{origin}: longer than {LONGEST} bytes: no receipt is")
    try:
        document = read_json(data)
    except Ambiguous as error:
        raise UnverifiedProblem(f"{origin}: not a receipt: {error}") from None
    except ValueError as error:
        raise _not_an_envelope(origin, error) from None
    return _convert(document, origin)


def _convert(document: Json, origin: str) -> Envelope:
    try:
        return _of_this_version(msgspec.convert(document, _Item).envelope, origin)
    except msgspec.ValidationError:
        pass  # an envelope without an item around it
    try:
        return _of_this_version(msgspec.convert(document, Envelope), origin)
    except msgspec.ValidationError as error:
        raise _not_an_envelope(origin, error) from None


def _of_this_version(envelope: Envelope, origin: str) -> Envelope:
    if envelope.payload_type == EARLIER_TYPE:
        raise UnverifiedProblem(
            f"{printable(origin)}: a receipt of version 1, written by an earlier build; this one reads version 2",
            next_step="verify it with the build that wrote it",
        )
    return envelope


def _not_an_envelope(origin: str, error: Exception) -> UsageProblem:
    return UsageProblem(
        f"{printable(origin)}: not a DSSE envelope: {printable(str(error))}",
        next_step="export it with GET /v1/receipts/{receipt_id}",
    )


def read_policy_files(paths: Sequence[Path]) -> dict[str, bytes]:
    """Policy documents by the sha256 of their bytes, which is how receipts name them.

    Raises UsageProblem naming the file that cannot be read, or that is too long.
    """
    documents = [_read_policy(path) for path in paths]
    return {sha256_hex(document): document for document in documents}


def _read_policy(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            document = file.read(LONGEST + 1)
    except OSError as error:
        raise UsageProblem(f"{path}: cannot be read: {error.strerror}") from None
    if len(document) > LONGEST:
        raise UsageProblem(f"{path}: longer than {LONGEST} bytes: no policy document is")
    return document


def write_policy_files(folder: Path, documents: Mapping[str, bytes]) -> None:
    """Write policy documents to a folder, each under its sha256, which is how receipts name it."""
    for digest, document in documents.items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{digest}.json").write_bytes(document)


def write_receipt_file(path: Path, envelopes: list[Envelope]) -> None:
    """Write receipts as JSON lines, which `gonogo receipt verify` reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(msgspec.json.encode(envelope) + b"\n" for envelope in envelopes))
