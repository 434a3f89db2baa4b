"""A fixed corpus and what is made of it: run as a program in any environment, it must print the same bytes.

`python -m gates.probes.corpus` prints one line an artifact: its name, and its bytes in base64.
"""

import base64
import sys
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gates.evidence.dsse import Signer, jwks_bytes
from gates.evidence.statement import EvidenceKind, Inputs, Measure, Predicate, Producer, Subject, make_statement, sign_statement
from gates.receipts.receipt import PAYLOAD_TYPE, parse_receipt
from gates.schema.canonical import Json, canonical_json, canonical_yaml, sha256_hex

SEED = bytes(range(32))
"""The private key of the corpus; it signs nothing else, anywhere."""

TEXTS = (
    "",
    "plain",
    "yes",
    "1e3",
    "~",
    "tab\tand\nline",
    "Grüße, 世界, \U0001f680",
    "e\u0301 is not \u00e9",
    "\u2028",
    "\x7f",
    '"',
)


def corpus() -> Json:
    """Keys that sort differently by bytes, code points and UTF-16 units; texts that writers quote differently; long integers."""
    names = ("b", "a", "B", "Z", "ä", "_", "10", "9", "\ufb01", "\U0001f600", "a.b", "a-b", "")
    members: list[Json] = [*sorted({f"member {number}" for number in range(40)})]
    return {
        "names": {name: index for index, name in enumerate(names)},
        "texts": list(TEXTS),
        "numbers": [0, -1, 2**53 - 1, -(2**53 - 1)],
        "members": members,
        "nested": {"deep": [[[{"x": None, "w": True, "v": []}]], {}]},
    }


def receipt_payloads() -> list[bytes]:
    """A payment's receipts, reserve then settle, as they would be signed."""
    one = canonical_json(_receipt("reserve", 1, None, {"authorized": "1250", "open": "1250"}))
    return [one, canonical_json(_receipt("settle", 2, sha256_hex(one), {"authorized": "1250", "settled": "1250"}))]


def _receipt(kind: str, number: int, previous: str | None, totals: Mapping[str, str]) -> dict[str, Json]:
    zero: dict[str, Json] = dict.fromkeys(("authorized", "settled", "released", "open", "refunded", "charged_back"), "0")
    return {
        "version": "2",
        "receipt_id": f"rcp_{number}",
        "kind": kind,
        "subject": {"id": "pay_1", "kind": "payment"},
        "operation": {"id": f"op_{number}", "request_fingerprint": sha256_hex(b"request"), "seq": number},
        "parties": {"agent_id": "Grüße", "payee_id": "pye_1", "tenant_id": "ten_1", "wallet_id": "wal_1"},
        "status": {"reserve": "reserved", "settle": "settled"}[kind],
        "money": {"amount": "1250", "currency": "USD", "moved": "yes", "totals": {**zero, **totals}},
        "policy": _decision(),
        "journal": {"entry_ids": [f"ent_{number}"], "postings_sha256": sha256_hex(b"postings"), "seq": number},
        "signing": {"issued_at": "2026-11-23T10:00:00.000Z", "key_id": _signer().keyid, "salt": "00"},
        "previous_receipt_sha256": previous,
        "expires_at": "2026-11-24T10:00:00.000Z",
        "cohort_sha256": None,
    }


def policy_document() -> bytes:
    """The policy under which the corpus' payment was decided."""
    budget: Json = {"max_amount": "5000", "max_payments": 3, "scope": "tenant", "window": "day"}
    return canonical_json({"budgets": [budget], "currency": "USD", "time_zone": "Europe/Zurich", "version": "1"})


def _decision() -> dict[str, Json]:
    """The policy's decision on it, with the hash of all that it depended on."""
    digest = sha256_hex(policy_document())
    before: Json = {"tenant_day": "0", "tenant_day_count": "0"}
    inputs: Json = {"amount": "1250", "now": "2026-11-23T11:00:00.000+01:00"}
    asked: dict[str, Json] = {"agent_id": "Grüße", "wallet_id": "wal_1", "payee_id": "pye_1", "currency": "USD"}
    whole: Json = {**asked, "counters": before, "inputs": inputs, "policy_sha256": digest}
    return {
        "approvals_needed": 0,
        "counters_after": {"tenant_day": "1250", "tenant_day_count": "1"},
        "counters_before": before,
        "inputs": inputs,
        "inputs_sha256": sha256_hex(canonical_json(whole)),
        "outcome": "allow",
        "policy_sha256": digest,
        "reasons": [],
    }


def artifacts() -> dict[str, bytes]:
    """Every artifact that this room can make alone, by name."""
    signer = _signer()
    measures = {name: Measure("0", "count", samples=3) for name in sorted({"beta", "alpha", "gamma"})}
    moment = "2026-11-23T10:00:00.000Z"
    predicate = _predicate(moment, measures)
    statement = make_statement(EvidenceKind.DETERMINISM, Subject("corpus", {"build": sha256_hex(b"corpus")}), predicate)
    payloads = receipt_payloads()
    for payload in payloads:
        parse_receipt(payload)
    return {
        "canonical JSON": canonical_json(corpus()),
        "canonical YAML": canonical_yaml(corpus()),
        "key set": jwks_bytes(signer.jwk),
        "receipts, signed": b"\n".join(canonical_json(signer.sign(PAYLOAD_TYPE, payload)) for payload in payloads),
        "evidence statement, signed": canonical_json(sign_statement(signer, statement)),
    }


def _predicate(moment: str, measures: dict[str, Measure]) -> Predicate:
    """A predicate of a release that never was: the corpus is the same in every one."""
    return Predicate(
        kind="determinism",
        producer=Producer("corpus", "0", sha256_hex(b"corpus")),
        started_at=moment,
        finished_at=moment,
        duration_ms=0,
        inputs=Inputs(target=sha256_hex(b"target")),
        measures=measures,
        facts={"corpus": corpus()},
    )


def _signer() -> Signer:
    return Signer(Ed25519PrivateKey.from_private_bytes(SEED))


if __name__ == "__main__":
    for name, data in artifacts().items():
        sys.stdout.write(f"{name}\t{base64.b64encode(data).decode()}\n")
