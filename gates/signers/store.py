"""The Signers of a state folder: the chain of documents in one file, and the pin without which it counts for nothing."""

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gates.evidence.dsse import Envelope
from gates.schema.durable import locked, write_durably
from gates.schema.errors import RefusedProblem, UnverifiedProblem, UsageProblem
from gates.schema.strict_json import read_json
from gates.signers.chain import CHANGE_NEEDS, Link, missing, open_chain, read_link
from gates.signers.ring import Signers

SIGNERS_FILE = "signers.json"
PIN_FILE = "signers.pin"
LOCK_FILE = "signers.lock"
NONE_YET = "gonogo signer init --person 'NAME <ID>' --machine NAME"


def load_signers(home: Path) -> Signers | None:
    """The Signers in force in a state folder; None where there never were any.

    Raises UnverifiedProblem naming the file for a document without a pin, a pin without a document, and a chain that is broken or
    does not hold the pinned document.
    """
    path, pin_path = home / SIGNERS_FILE, home / PIN_FILE
    if not path.exists() and not pin_path.exists():
        return None
    if not path.exists():
        raise UnverifiedProblem(f"{path}: is gone, but {pin_path} pins it", next_step=f"bring {SIGNERS_FILE} back from a copy")
    chain = open_chain(read_chain(path), str(path))
    if not pin_path.exists():
        raise UnverifiedProblem(
            f"{path}: is not pinned: {PIN_FILE} is missing",
            next_step=f"if you know that document as yours: gonogo signer init --from {path} --trust {chain[-1].digest}",
        )
    require_pinned(chain, read_pin(pin_path), str(path))
    return Signers(chain)


def require_signers(home: Path, what: str) -> Signers:
    """The same; raises RefusedProblem saying that `what` needs them."""
    signers = load_signers(home)
    if signers is None:
        raise RefusedProblem(f"{what} needs Signers, and {home} has none", next_step=NONE_YET)
    return signers


def require_pinned(chain: Sequence[Link], pin: str, origin: str) -> None:
    """Raise UnverifiedProblem unless the pinned document is in the chain: anything else is another list."""
    if pin not in [link.digest for link in chain]:
        raise UnverifiedProblem(f"{origin}: does not hold the document {pin} that is pinned: replaced, or cut short")


def read_pin(path: Path) -> str:
    """The sha256 in a pin file; raises UnverifiedProblem for anything else."""
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise UnverifiedProblem(f"{path}: does not hold a sha256")
    return text


def install(home: Path, envelope: Envelope, trust: str | None, origin: str) -> Signers:
    """Put a document into force whose signatures are complete: the first with its sha256 as `trust`, a later one on the chain.

    Raises UsageProblem for a `trust` that is not the document's, RefusedProblem for a document that does not replace the one in
    force or lacks signatures.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(home / LOCK_FILE):
        signers = load_signers(home)
        link = read_link(envelope, origin)
        if trust is not None and trust != link.digest:
            raise UsageProblem(f"{origin}: is the document {link.digest}, not {trust}", next_step="compare them with its people")
        _require_next(link, signers, origin)
        before = None if signers is None else signers.spec
        lacking = missing(envelope, link.spec, before, origin)
        if lacking:
            raise RefusedProblem(f"{origin}: {lacking}", next_step=f"gonogo signer sign {origin} --as PERSON")
        if signers is None and trust is None:
            raise RefusedProblem(
                f"{origin}: signed by all its people, but not trusted here yet",
                next_step=f"read it, then: gonogo signer sign {origin} --trust {link.digest}",
            )
        earlier = read_chain(home / SIGNERS_FILE) if signers else ()
        chain = open_chain([*earlier, envelope], origin)
        write_durably(home / SIGNERS_FILE, msgspec.json.encode([*earlier, envelope]) + b"\n", mode=0o600)
        write_durably(home / PIN_FILE, link.digest.encode() + b"\n", mode=0o600)
    return Signers(chain)


def take_over(home: Path, source: Path, trust: str) -> Signers:
    """Trust the whole chain in another machine's file, if it holds the document `trust`.

    Raises UnverifiedProblem if it does not, RefusedProblem where Signers are in force here that it does not hold.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(home / LOCK_FILE):
        envelopes = read_chain(source)
        chain = open_chain(envelopes, str(source))
        require_pinned(chain, trust, str(source))
        pin = home / PIN_FILE
        signers = load_signers(home) if pin.exists() else None
        if signers is not None and signers.digest not in [link.digest for link in chain]:
            raise RefusedProblem(
                f"{home}: the document in force, {signers.digest}, is not in {source}",
                next_step="take the file where the latest change was signed, or give another state folder with GONOGO_HOME",
            )
        write_durably(home / SIGNERS_FILE, msgspec.json.encode(envelopes) + b"\n", mode=0o600)
        write_durably(pin, chain[-1].digest.encode() + b"\n", mode=0o600)
    return Signers(chain)


def _require_next(link: Link, signers: Signers | None, origin: str) -> None:
    if signers is not None and link.spec.previous != signers.digest:
        raise RefusedProblem(
            f"{origin}: does not replace the document in force, {signers.digest}",
            next_step="propose it again: gonogo signer add, or gonogo signer retire",
        )
    if signers is None and link.spec.previous is not None:
        raise RefusedProblem(
            f"{origin}: changes the document {link.spec.previous}, which is not here",
            next_step=f"sign it where that is in force, or: gonogo signer init --from {SIGNERS_FILE} --trust SHA256",
        )
    require_changeable(signers, origin)


def require_changeable(signers: Signers | None, origin: str) -> None:
    """Raise RefusedProblem where the Signers in force can never be changed: too few people could sign that."""
    if signers is not None and len(signers.spec.people) < CHANGE_NEEDS:
        raise RefusedProblem(
            f"{origin}: the document in force has one person, and a change needs {CHANGE_NEEDS}",
            next_step="runbooks/signers.md: start again with a new document",
        )


def read_chain(path: Path) -> tuple[Envelope, ...]:
    """The envelopes of the file, the first document first."""
    try:
        found = msgspec.convert(read_json(path.read_bytes()), tuple[Envelope, ...])
    except (msgspec.MsgspecError, ValueError) as error:
        raise UnverifiedProblem(f"{path}: not a list of DSSE envelopes: {error}") from None
    if not found:
        raise UnverifiedProblem(f"{path}: holds no document")
    return found
