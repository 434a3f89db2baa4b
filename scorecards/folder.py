"""A review's folder: the scorecard, its signature, and everything that it can be computed from again."""

import base64
from collections.abc import Container, Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from gates.evidence.dsse import Envelope, TrustRoot, decode_envelope
from gates.evidence.statement import Producer, Statement
from gates.evidence.store import Held, read_envelope
from gates.registers.store import Registers
from gates.schema.canonical import canonical_yaml, sha256_hex
from gates.schema.documents import API_VERSION, Document, Metadata, load_document, parse_document
from gates.schema.durable import sync_folder
from gates.schema.errors import UnverifiedProblem, UsageProblem
from gates.signers.chain import open_chain
from gates.signers.ring import Signers
from gates.signers.store import read_chain
from scorecards.build import BuildInputs
from scorecards.card import HTML_FILE, YAML_FILE
from scorecards.schema import KIND, Scorecard, ScorecardSpec
from scorecards.weekly import PastWeek

__all__ = ["HTML_FILE", "YAML_FILE"]

INPUTS_KIND = "ScorecardInputs"
SIGNATURE_FILE = "scorecard.intoto.json"
UNLISTED_FILE = "scorecard.intoto.json.unlisted"  # the signed card, until the log lists it
BUNDLE_FILE = "evidence.intoto.jsonl"
INPUTS_FILE = "inputs.yaml"
PREVIOUS_FILE = "previous.yaml"
TRUST_FILE = "trust.json"
HISTORY_FILE = "history.intoto.jsonl"
ACTS_FILE = "acts.intoto.jsonl"
SIGNERS_FILE = "signers.json"
REGISTERS_FILE = "registers.json"  # every entry of the registers that the log lists, from its start
ENTRIES_FILE = "registers.intoto.jsonl"  # their envelopes in that order, then the statements that closings name
REVIEWS = "reviews"  # the folder of reviews in the state folder, and the link to the last one
LATEST = "latest"


def scorecard_yaml(scorecard: Scorecard) -> bytes:
    """The scorecard as the one canonical text."""
    return canonical_yaml(scorecard)


def read_scorecard(data: bytes, origin: str) -> Scorecard:
    """Decode a scorecard's YAML; raises UsageProblem naming `origin` and the path inside for anything else."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise UsageProblem(f"{origin}: not UTF-8 text") from None
    return parse_document(text, origin, KIND, ScorecardSpec)


def inputs_yaml(inputs: BuildInputs) -> bytes:
    """What the scorecard is computed from, as a document that `read_inputs` reads back."""
    metadata = Metadata(f"{inputs.target}-{inputs.week.lower()}", "Inputs of the scorecard in this folder")
    return canonical_yaml(Document[BuildInputs](API_VERSION, INPUTS_KIND, metadata, inputs))


def read_inputs(folder: Path) -> BuildInputs:
    """The inputs that a review's folder holds; raises UsageProblem naming the file."""
    return load_document(folder / INPUTS_FILE, INPUTS_KIND, BuildInputs).spec


def bundle_line(envelope: Envelope) -> bytes:
    """One envelope as one line of a bundle; its sha256 names the evidence."""
    return msgspec.json.encode(envelope)


def compact(held: Held) -> Held:
    """The same evidence named by its envelope on one line, which is how the bundle holds it."""
    return msgspec.structs.replace(held, digest=sha256_hex(bundle_line(held.envelope)))


def bundle(evidence: Iterable[Held]) -> bytes:
    """The envelopes, one a line, in the order of their digests."""
    lines = sorted((sha256_hex(line), line) for line in (bundle_line(item.envelope) for item in evidence))
    return b"".join(line + b"\n" for _, line in lines)


def read_bundle(folder: Path, trust: TrustRoot) -> list[Held]:
    """Every piece of evidence in the folder, its signature checked; raises UnverifiedProblem naming the line."""
    path = folder / BUNDLE_FILE
    lines = read_file(path).splitlines()
    return [read_envelope(line, trust, f"{path}:{number}") for number, line in enumerate(lines, 1)]


def lines(envelopes: Iterable[Envelope]) -> bytes:
    """Envelopes, one a line, in their order."""
    return b"".join(bundle_line(envelope) + b"\n" for envelope in envelopes)


def read_lines(path: Path) -> tuple[bytes, ...]:
    """The envelopes of a file with one a line; none where the file is absent."""
    return tuple(path.read_bytes().splitlines()) if path.exists() else ()


def registers_files(registers: Registers) -> dict[str, bytes | None]:
    """The files that let anyone check the registers; none where there is no entry."""
    listing, envelopes = registers.files if registers.listed else (None, None)
    return {REGISTERS_FILE: listing, ENTRIES_FILE: envelopes}


def stored_yaml(path: Path, past: PastWeek) -> bytes:
    """An official week's YAML as the store keeps it; raises UnverifiedProblem where it is gone or changed."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        step = "restore the file, or `gonogo state restore` with the review folder of that week"
        raise UnverifiedProblem(f"{path}: the scorecard of {past.week} is gone", next_step=step) from None
    if sha256_hex(data) != past.yaml_sha256:
        raise UnverifiedProblem(f"{path}: the scorecard of {past.week} was changed: its sha256 is {sha256_hex(data)}")
    return data


def read_producer(envelope: Envelope) -> Producer | None:
    """The release that the scorecard names as its writer; a hint, so the signature is not checked."""
    try:
        return msgspec.json.decode(base64.b64decode(envelope.payload), type=Statement).predicate.producer
    except (ValueError, msgspec.MsgspecError):
        return None


def read_signature(folder: Path) -> Envelope:
    """The envelope over the scorecard; raises UnverifiedProblem where it is absent or none."""
    return decode_envelope(read_file(folder / SIGNATURE_FILE), str(folder / SIGNATURE_FILE))


def sign_off(folder: Path) -> None:
    """Give the signed card its name: the log lists it now."""
    (folder / UNLISTED_FILE).replace(folder / SIGNATURE_FILE)
    sync_folder(folder)


def catch_up(reviews: Path, listed: Container[str]) -> None:
    """Sign off the review folders whose card was listed just before the process ended; a card that was not stays unlisted.

    In a folder that cannot be written to nothing changes.
    """
    for path in sorted(reviews.glob(f"*/{UNLISTED_FILE}")):
        with suppress(OSError):
            if sha256_hex(path.read_bytes().rstrip(b"\n")) in listed:
                sign_off(path.parent)


def read_signers(folder: Path) -> Signers | None:
    """The Signers that a review's folder carries, by its own word; None where it has none."""
    path = folder / SIGNERS_FILE
    return Signers(open_chain(read_chain(path), str(path))) if path.exists() else None


def read_previous(folder: Path) -> tuple[bytes, Scorecard] | None:
    """Last week's official scorecard as the folder holds it, None where there is none."""
    path = folder / PREVIOUS_FILE
    if not path.exists():
        return None
    data = path.read_bytes()
    return data, read_scorecard(data, str(path))


def require_review(path: Path) -> Path:
    """The folder, which is there and has at least one file of a review.

    Raises UsageProblem for any other: what is missing in a review is a finding, a wrong path is a mistake.
    """
    step = "give the folder of a finished review, such as .gonogo/reviews/latest"
    if not path.is_dir():
        raise UsageProblem(f"{path}: no such folder", next_step=step)
    if not any((path / name).exists() for name in (YAML_FILE, HTML_FILE, SIGNATURE_FILE, INPUTS_FILE, BUNDLE_FILE)):
        raise UsageProblem(f"{path}: no review is in this folder: it has no {YAML_FILE}", next_step=step)
    return path


def read_file(path: Path) -> bytes:
    """One file of the folder; raises UnverifiedProblem where it is absent."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UnverifiedProblem(f"{path}: no such file", next_step="give the folder of a finished review") from None
