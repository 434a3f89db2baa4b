"""Receipts as a setup handles them: what a payload says, and `gonogo receipt verify` in a process of its own."""

import base64
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from gateway.setup.lines import LevelFound
from gateway.setup.walk import Verification

_WAIT_S = 60
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Payload(msgspec.Struct, frozen=True):
    """What a receipt claims; nothing of it is believed before it is verified."""

    receipt_id: str
    kind: str
    subject: str
    wallet_id: str | None
    payee_id: str
    policy_sha256: str | None


def payload_of(envelope: object) -> Payload | None:
    """The payload of a DSSE envelope; None for what is none."""
    try:
        raw = base64.b64decode(envelope["payload"], validate=True) if isinstance(envelope, dict) else b""
        held: dict[str, Any] = msgspec.json.decode(raw, type=dict[str, Any])
        policy = held["policy"]
        sha256 = None if policy is None else str(policy["policy_sha256"])
        parties = held["parties"]
        return Payload(
            receipt_id=str(held["receipt_id"]),
            kind=str(held["kind"]),
            subject=str(held["subject"]["id"]),
            wallet_id=parties["wallet_id"],
            payee_id=str(parties["payee_id"]),
            policy_sha256=sha256 if sha256 is not None and _SHA256.fullmatch(sha256) else None,
        )
    except (KeyError, TypeError, ValueError, RecursionError, msgspec.DecodeError):
        return None


class _Level(msgspec.Struct, frozen=True):
    level: str
    mark: str
    says: str


class _Receipt(msgspec.Struct, frozen=True):
    levels: tuple[_Level, ...]


class _Printed(msgspec.Struct, frozen=True):
    verdict: str
    receipts: tuple[_Receipt, ...]


def verify_in_child(file: Path, trust: Path, policies: Sequence[Path]) -> Verification:
    """`gonogo receipt verify FILE --trust KEYS --policy ...`: what it found for the newest receipt of the file."""
    named = [word for policy in policies for word in ("--policy", str(policy))]
    argv = [sys.executable, "-P", "-m", "scorecards", "receipt", "verify", str(file), "--trust", str(trust), *named]
    try:
        done = subprocess.run(
            [*argv, "--format", "json"], check=False, capture_output=True, timeout=_WAIT_S, stdin=subprocess.DEVNULL
        )
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
