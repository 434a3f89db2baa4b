"""The adapter `attestation`: what a person has signed about a criterion, while it is in force."""

from collections.abc import Sequence
from pathlib import Path

from gates.acts.act import ActKind, ActStatement
from gates.acts.check import open_act
from gates.acts.store import HeldAct, load_acts
from gates.adapters.shape import Adapter, Fetched, Found, Notes, Scene, Unanswered
from gates.attested import attested_bytes
from gates.evidence.contents import Contents
from gates.evidence.dsse import decode_envelope
from gates.evidence.statement import Measure
from gates.schema.canonical import sha256_hex
from gates.schema.gate import Gate, criterion_name
from gates.schema.outcome import UnknownReason
from gates.schema.printable import printable
from gates.schema.source import ABOUT, ACT, AttestationSource, Request
from gates.signers.ring import Signers


def find_act(source: AttestationSource, gates: Sequence[Gate], contents: Contents, signers: Signers | None) -> dict[str, bytes]:
    """The newest attestation about what is attested as it is now, and that itself; every signature is verified.

    Raises Unanswered where there is none, or where the criterion or the document was changed since.
    """
    about = _about(source, gates)
    name = source.about
    acts = load_acts(Path(), signers, contents)[ActKind.ATTESTATION]
    named = [act for act in acts if act.statement.about.name == name]
    fitting = [act for act in named if act.statement.about.digest.sha256 == sha256_hex(about)]
    if not fitting:
        text = f"nobody has attested {name}" if not named else f"what was attested about {name} was another text than it is now"
        raise Unanswered(UnknownReason.MISSING if not named else UnknownReason.STALE, text)
    newest: HeldAct = max(fitting, key=lambda act: (act.statement.predicate.at, act.digest))
    return {ACT: contents.data[newest.digest], ABOUT: about}


def fetch(_source: AttestationSource, scene: Scene) -> Fetched:
    """What was found in the log."""
    return Fetched(Notes(scene.now), scene.given)


def read(request: Request, fetched: Fetched) -> Found:
    """1, until it ends; the person and the reason are shown."""
    source = request.source
    assert isinstance(source, AttestationSource), "the table pairs sources and adapters"
    envelope = decode_envelope(fetched.files[ACT], ACT)
    statement = open_act(envelope, ACT)
    _require_about(source, statement, fetched.files[ABOUT])
    act = statement.predicate
    measure = Measure("1", request.unit, samples=1, statistic=request.statistic, valid_until=act.expires_at)
    return Found(measure, time=act.at, shown={"attested_by": act.by, "reason": printable(act.reason), "until": act.expires_at})


def _about(source: AttestationSource, gates: Sequence[Gate]) -> bytes:
    """What is attested: the document, or the criterion as it is written."""
    if source.document is not None:
        try:
            return Path(source.document).read_bytes()
        except OSError as error:
            raise Unanswered(UnknownReason.MISSING, f"{source.document}: {error.strerror}") from None
    for gate in gates:
        for criterion in gate.criteria:
            if source.about == criterion_name(gate, criterion):
                return attested_bytes(criterion)
    raise Unanswered(UnknownReason.MISSING, f"no criterion is called {source.about!r}")


def _require_about(source: AttestationSource, statement: ActStatement, about: bytes) -> None:
    is_other = statement.predicate.act is not ActKind.ATTESTATION or statement.about.name != source.about
    if is_other or statement.about.digest.sha256 != sha256_hex(about):
        raise Unanswered(UnknownReason.STALE, f"the attestation is not about {source.about} as it is now")


ADAPTER = Adapter(fetch, read)
