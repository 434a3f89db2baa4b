"""Official or preview: decided by week, clock, Signers and who signed the evidence, and announced before the first step."""

from pathlib import Path

import pytest
from signing import ADA, CI, document, key, machine, person, public, put_signers, signed_document
from signing import signer as signer_of
from statements import hold, observation, predicate, reviewed, subject
from weeks import Weeks

from gates.evidence.dsse import Signer, TrustRoot, jwks_bytes
from gates.evidence.statement import EvidenceKind, Measure
from gates.evidence.store import Held
from gates.schema.gate import Gate
from gates.schema.time import fixed_clock, parse_utc
from gates.signers.private import keep_key
from scorecards.order import Options, make_order
from scorecards.schema import Standing

BUILD = "5f" * 32
ONE = reviewed(BUILD)
NOON = "2026-11-27T12:05:00Z"


def run_of(by: Signer, at: str) -> list[Held]:
    """A load run, and the observation of the build that it cites."""
    seen = observation(by, BUILD, at)
    measures = {"double_settles": Measure("0", "count", 412)}
    kind = EvidenceKind.LOAD_RUN
    return [seen, hold(by, kind, subject(BUILD), predicate(kind, at, measures, build_observation=seen.digest))]


@pytest.fixture
def life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Weeks:
    """A real state folder that trusts the key of the machine `ci`, whose private key is here; nobody is listed yet."""
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    return Weeks(tmp_path / "home", signer_of(CI), rehearsal=False)


def list_signers(life: Weeks) -> None:
    """Ada, and `ci` for evidence and official scorecards."""
    only_ada = document(people=(person("Ada", public(ADA)),), machines=(machine(),))
    put_signers(life.home, signed_document(only_ada, ADA))
    keep_key("ci", key(CI))


def test_the_reason_without_signers_is_not_the_time(life: Weeks, gates: tuple[Gate, ...]) -> None:
    """Whoever waits for Friday would wait in vain."""
    card, _ = life.judge(gates, ONE, "2026-11-23T09:00:00Z")
    assert card.spec.standing_reason.startswith("there are no Signers yet")
    list_signers(life)
    card, _ = life.judge(gates, ONE, "2026-11-23T10:00:00Z")
    assert card.spec.standing_reason == "the first scorecard from Fri 27 Nov 2026, 12:00 UTC on is the official one"


def test_a_trial_before_the_signers_does_not_keep_its_week_from_an_official_scorecard(
    life: Weeks, gates: tuple[Gate, ...]
) -> None:
    """Its evidence was signed by a key that is not listed: collected again it counts, and the old statements stay."""
    life.trust = life.trust.joined(TrustRoot.from_jwks(jwks_bytes(life.own.jwk), "the test"))
    life.add(run_of(life.own, "2026-11-27T11:00:00.000Z"), "2026-11-27T11:00:00Z")
    list_signers(life)
    card, _ = life.judge(gates, ONE, "2026-11-27T12:01:00Z")
    assert card.spec.standing_reason.startswith("2 statements are signed by keys that the Signers do not list for evidence")
    life.add(run_of(signer_of(CI), "2026-11-27T12:02:00.000Z"), "2026-11-27T12:02:00Z")
    card, out = life.judge(gates, ONE, NOON)
    assert card.spec.standing is Standing.OFFICIAL
    assert len((out / "evidence.intoto.jsonl").read_text().splitlines()) == 4


FORESEEN = (
    ("2026-11-25T09:00:00Z", {}, "a preview: the first scorecard from Fri 27 Nov 2026, 12:00 UTC on is the official one"),
    (NOON, {}, "the official scorecard of 2026-W48 for local, which cannot be replaced: to look first, use --preview"),
    (NOON, {"preview": True}, "a preview: requested with --preview"),
    (NOON, {"now": parse_utc(NOON)}, "a preview: judged as of a given moment (--now), not by the clock"),
    (NOON, {"week": "2026-W47"}, "a preview: judged in 2026-W48, outside the week of this scorecard"),
)


@pytest.mark.parametrize(("now", "given", "says"), FORESEEN)
def test_a_review_knows_before_its_first_step_whether_it_is_official(
    life: Weeks, now: str, given: dict[str, object], says: str
) -> None:
    """What cannot be replaced is announced while it can still be stopped."""
    list_signers(life)
    members: dict[str, object] = {
        "target": "local",
        "profile": "smoke",
        "seed": 1,
        "out": None,
        "week": None,
        "now": None,
        "preview": False,
        "gates_path": None,
        "waivers_path": None,
    }
    options = Options(**{**members, **given})  # type: ignore[arg-type]  # the options of a review
    assert make_order(life.home, options, fixed_clock(parse_utc(now))).foreseen == f"this will be {says}"
