"""With whose keys is a scorecard verified? The keys that the verifier brings, or those of the own state folder."""

import re
from pathlib import Path

import msgspec

from gates.evidence.dsse import TrustRoot
from gates.evidence.keys import TRUST_FILE, load_trust, own_trust
from gates.schema.errors import UnverifiedProblem, UsageProblem
from gates.schema.printable import printable
from gates.schema.state import read_state
from gates.signers.store import load_signers
from scorecards.folder import SIGNERS_FILE

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Verifier(msgspec.Struct, frozen=True):
    """The keys, where they come from, and the sha256 of the Signers that they go with; None of each where there are none."""

    trust: TrustRoot | None
    origin: str
    pin: str | None


def whose(home: Path, trust_path: Path | None, pin: str | None = None, review: Path | None = None) -> Verifier:
    """The verifier's keys; raises UsageProblem for a trust file that is not there, and for a pin that is no sha256.

    Without a trust file it is the state folder that is read, and one of version 1 is refused with UnverifiedProblem. Keys out of
    the folder `review` that they signed are nobody's, and Signers that are pinned have to be in it.
    """
    if pin is not None and not _SHA256.fullmatch(pin):
        raise UsageProblem(f"--signers {printable(pin)}: is not a sha256", next_step="gonogo signer list prints it")
    if pin is not None and review is not None and not (review / SIGNERS_FILE).exists():
        raise UnverifiedProblem(f"{review}: carries no Signers, and --signers names some: it was made without them")
    if trust_path is not None:
        if not trust_path.exists():
            raise UsageProblem(f"{trust_path}: no such file", next_step="give the JWKS file of the signers that you trust")
        trust = load_trust(trust_path)
        if review is not None and trust_path.resolve().is_relative_to(review.resolve()):
            return Verifier(None, "", pin)
        return Verifier(trust, "the keys that you brought", pin)
    read_state(home)
    signers = load_signers(home)
    if not (home / "keys" / TRUST_FILE).exists() and signers is None:
        return Verifier(None, "", None)
    own = own_trust(home)
    trust = own if signers is None else own.joined(signers.trust_root())
    return Verifier(trust, "the keys of your state folder", pin or (None if signers is None else signers.digest))
