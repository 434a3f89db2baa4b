"""Step `check`: verify the receipt with the keys of the first contact, or with those that the user trusts, in another process."""

import contextlib
import subprocess
import sys
from pathlib import Path

import msgspec

from gateway.machines.onboarding import OnboardingEvent
from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.happened import Happened, failed
from gateway.setup.lines import Found, LevelFound
from gateway.setup.walk import Verification, Walk
from gateway.setup.wire import RequestRefused

_WAIT_S = 60
_RECEIPT, _CHAIN = "receipt.json", "chain.jsonl"


def check(walk: Walk) -> Happened:
    """Verified: completed with a payment, trust-only with a denial. Not verified: blocked, and nothing is trusted."""
    receipt_id = next((line.receipt_id for line in reversed(walk.journal.lines) if line.receipt_id), None)
    assert receipt_id is not None, "the step before names it"
    items = walk.read(f"/v1/receipts?payment_id={walk.found.payment_id}", walk.memory.agent_key).decoded().get("items")
    rows = [row for row in items if isinstance(row, dict)] if isinstance(items, list) else []
    chain = b"".join(msgspec.json.encode(row.get("envelope")) + b"\n" for row in rows)
    file = walk.local.keep(walk.run, _CHAIN, chain)
    last = [row for row in rows if row.get("receipt_id") == receipt_id]
    if not last:
        return failed(_EVENT, SetupProblem(SetupCode.RECEIPT_NOT_VERIFIED, f"the gateway does not show {receipt_id}"))
    walk.local.keep(walk.run, _RECEIPT, msgspec.json.encode(last[0].get("envelope")) + b"\n")
    trust = walk.choices.trust or walk.local.pinned_keys(walk.wire.base_url)
    with walk.talk.waiting("gonogo receipt verify"):
        verification = walk.around.verify(file, trust)
    found = Found(levels=verification.levels)
    if not verification.verified:
        problem = failed(_EVENT, SetupProblem(SetupCode.RECEIPT_NOT_VERIFIED, verification.detail))
        return msgspec.structs.replace(problem, found=found)
    walk.report_event("receipt_verified")
    _end_session(walk)
    walk.talk.say("the receipt verifies: " + ", ".join(f"{level.level} {level.mark}" for level in verification.levels))
    if walk.memory.has_money:
        return Happened(OnboardingEvent.PAYMENT_VERIFIED, found=found)
    return Happened(OnboardingEvent.DENIAL_VERIFIED, found=found)


def _end_session(walk: Walk) -> None:
    """The agent's key has taken the session's place."""
    token = walk.local.session(walk.wire.base_url)
    if token is not None:
        with contextlib.suppress(RequestRefused, SetupProblem):
            walk.send("/v1/access/session/end", {"everywhere": False}, token, after=(OnboardingEvent.CODE_OK,), rekey=True)
        walk.local.drop_session()


_EVENT = OnboardingEvent.NOT_VERIFIED


class _Level(msgspec.Struct, frozen=True):
    level: str
    mark: str
    says: str


class _Receipt(msgspec.Struct, frozen=True):
    levels: tuple[_Level, ...]


class _Printed(msgspec.Struct, frozen=True):
    verdict: str
    receipts: tuple[_Receipt, ...]


def verify_in_child(file: Path, trust: Path) -> Verification:
    """`gonogo receipt verify FILE --trust KEYS`: what it found for the newest receipt of the file."""
    argv = [sys.executable, "-P", "-m", "scorecards", "receipt", "verify", str(file), "--trust", str(trust), "--format", "json"]
    try:
        done = subprocess.run(argv, check=False, capture_output=True, timeout=_WAIT_S, stdin=subprocess.DEVNULL)
    except (subprocess.TimeoutExpired, OSError) as error:
        return Verification(verified=False, levels=(), detail=f"gonogo receipt verify did not end: {error}")
    try:
        printed = msgspec.json.decode(done.stdout, type=_Printed)
    except msgspec.DecodeError:
        said = done.stderr.decode(errors="replace").strip().split("\n")[0]
        return Verification(verified=False, levels=(), detail=f"gonogo receipt verify ended with {done.returncode}: {said}")
    levels = tuple(LevelFound(item.level, item.mark) for item in printed.receipts[-1].levels)
    wrong = [f"{item.level}: {item.says}" for row in printed.receipts for item in row.levels if item.mark == "FAIL"]
    return Verification(done.returncode == 0, levels, "; ".join(wrong[:3]) or printed.verdict)
