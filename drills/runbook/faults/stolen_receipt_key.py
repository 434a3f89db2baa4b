"""For the runbook `key-compromise`: somebody has a copy of the receipt key, and signs receipts of payments that never were."""

import base64
import subprocess
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drills.runbook.fault import Fault
from drills.runbook.stage import Stage, accepted
from gates.evidence.dsse import Envelope, Signer, decode_envelope
from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.errors import UnknownProblem
from gates.schema.outcome import ExitCode
from gates.schema.rooms import room_argv
from gates.schema.strict_json import read_json

_LIMIT_S = 120
_FORGED = "pay_00000000000000000000000000000000"


class StolenReceiptKey(Fault):
    """The forged receipts verify with the published keys: nobody who has only those can distinguish them."""

    runbook = "key-compromise"
    title = "a copy of the receipt key signs receipts of payments that never were"

    def __init__(self) -> None:
        self._forged = Path()
        self._keys = Path()

    def inject(self, stage: Stage) -> None:
        """Copy the private key, and sign forgeries of a real payment's receipts with it."""
        key = Ed25519PrivateKey.from_private_bytes(Path(f"{stage.db}.signing.key").read_bytes())
        payment = stage.pay()
        items = accepted(stage.call("finance", "GET", f"/v1/receipts?payment_id={payment}"), 200)["items"]
        honest = [decode_envelope(msgspec.json.encode(item["envelope"]), "a receipt") for item in items]
        self._forged, self._keys = stage.folder / "forged.jsonl", stage.folder / "published-keys.json"
        self._forged.write_bytes(b"".join(msgspec.json.encode(item) + b"\n" for item in _forge(Signer(key), honest, payment)))
        self._keys.write_bytes(stage.call("finance", "GET", "/.well-known/gonogo-keys.json").content)

    def variables(self, stage: Stage) -> dict[str, str]:  # noqa: ARG002  # what it made is known
        """The receipts that a third party received, and the keys that were published before."""
        return {"GONOGO_SUSPECT_RECEIPTS": str(self._forged), "GONOGO_RECEIPT_TRUST": str(self._keys)}

    def seen(self, stage: Stage) -> str:
        """The forgeries verify with the keys that were published, and the gateway has no such payment."""
        self._require(self._keys, ExitCode.GREEN)
        if stage.call("finance", "GET", f"/v1/payments/{_FORGED}").status_code != 404:
            raise UnknownProblem("the forged payment is a real one")
        return "receipts of a payment that never was verify with the published keys"

    def gone(self, stage: Stage) -> str:
        """With the keys that are published now they do not, and new receipts do."""
        keys = stage.folder / "keys-after.json"
        keys.write_bytes(stage.call("finance", "GET", "/.well-known/gonogo-keys.json").content)
        self._require(keys, ExitCode.UNVERIFIED)
        payment = stage.pay()
        items = accepted(stage.call("finance", "GET", f"/v1/receipts?payment_id={payment}"), 200)["items"]
        honest = stage.folder / "honest.jsonl"
        honest.write_bytes(b"".join(msgspec.json.encode(item["envelope"]) + b"\n" for item in items))
        _verify(honest, keys, ExitCode.GREEN)
        return "the forgeries fail with the published keys, and new receipts verify"

    def _require(self, keys: Path, code: ExitCode) -> None:
        _verify(self._forged, keys, code)


def _verify(receipts: Path, keys: Path, code: ExitCode) -> None:
    """Verify as a third party would; raises UnknownProblem where it ends otherwise."""
    argv = room_argv("scorecards", "receipt", "verify", str(receipts), "--trust", str(keys))
    done = subprocess.run(argv, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    if done.returncode != code:
        words = (done.stdout + done.stderr).strip()[-300:]
        raise UnknownProblem(f"{receipts.name} verified with {done.returncode}, not with {int(code)}: {words}")


def _forge(signer: Signer, honest: list[Envelope], payment: str) -> list[Envelope]:
    """The receipts of another payment in the same words, chained to each other."""
    forged, previous = [], None
    for envelope in honest:
        text = base64.b64decode(envelope.payload)
        payload = read_json(text.replace(payment.encode(), _FORGED.encode()))
        assert isinstance(payload, dict), "a receipt is an object"
        payload["previous_receipt_sha256"] = previous
        data = canonical_json(payload)
        previous = sha256_hex(data)
        forged.append(signer.sign(envelope.payload_type, data))
    return forged
