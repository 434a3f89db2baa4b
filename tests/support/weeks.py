"""A state folder in which weeks pass: evidence is added, and reviews are judged at moments."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from gates.evidence.dsse import Signer, TrustRoot, jwks_bytes
from gates.evidence.identity import Reviewed
from gates.evidence.keys import adopt_trust, load_signer
from gates.evidence.store import EvidenceStore, Held
from gates.schema.gate import Gate
from gates.schema.state import make_state
from gates.schema.time import fixed_clock, parse_utc
from scorecards.card_bar import BarInputs
from scorecards.evaluate import BY_HAND, Occasion, evaluate, new_folder, point_latest
from scorecards.material import read_material
from scorecards.schema import Scorecard


class Weeks:
    """A state folder; as a rehearsal it can make any week official."""

    def __init__(self, home: Path, signer: Signer, *, rehearsal: bool = True) -> None:
        self.home, self._signer = home, signer
        make_state(home, rehearsal=rehearsal)
        self.own = load_signer(home)
        trusted = home.parent / f"{home.name}-trust.json"
        trusted.write_bytes(jwks_bytes(signer.jwk))
        adopt_trust(home, trusted)
        self.trust = TrustRoot.from_jwks(jwks_bytes(signer.jwk), "the test")

    def store(self, now: str) -> EvidenceStore:
        """The evidence store, whose entries are dated by this moment."""
        return EvidenceStore(self.home / "evidence", clock=fixed_clock(parse_utc(now)))

    def add(self, evidence: Iterable[Held], now: str) -> None:
        """Evidence of another machine, listed now."""
        for item in evidence:
            self.store(now).add(msgspec.json.encode(item.envelope), self.trust, "the test", self.own)

    def judge(
        self,
        gates: tuple[Gate, ...],
        under_review: Reviewed,
        now: str,
        *,
        because: str = "",
        week: str | None = None,
        by_hand: bool = False,
    ) -> tuple[Scorecard, Path]:
        """One review at a moment, as the commands do it; returns the scorecard and its folder."""
        store, at = self.store(now), parse_utc(now)
        because = because or BY_HAND * by_hand
        occasion = Occasion.at(at, target="local", reviewed=under_review, week=week, preview_because=because, by_hand=by_hand)
        with store.held():
            material = read_material(self.home, store, gates, None, BarInputs())
            out = new_folder(self.home, occasion.week, None)
            card = evaluate(store, occasion, material, out)
        point_latest(self.home, out)
        return card, out
