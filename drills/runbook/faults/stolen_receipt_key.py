"""For the runbook `key-compromise`: somebody has a copy of the receipt key, and signs receipts of payments that never were."""

import subprocess
from pathlib import Path

import msgspec

from drills.keys.forgery import forge, signer_of
from drills.keys.receipts import signed, write_receipts
from drills.runbook.fault import Fault
from drills.runbook.stage import Stage, accepted
from gates.evidence.dsse import decode_envelope
from gates.schema.errors import UnknownProblem
from gates.schema.outcome import ExitCode
from gates.schema.rooms import room_argv

_LIMIT_S = 120


class StolenReceiptKey(Fault):
    """The forged receipts verify with the published keys: nobody who has only those can distinguish them."""

    runbook = "key-compromise"
    title = "a copy of the receipt key signs receipts of payments that never were"

    def __init__(self) -> None:
        self._forged = Path()
        self._keys = Path()
        self._payment = ""

    def inject(self, stage: Stage) -> None:
        """Copy the private key, and sign forgeries of a real payment's receipts with it."""
        path = Path(f"{stage.db}.signing.key")
        payment = stage.pay()
        items = accepted(stage.call("finance", "GET", f"/v1/receipts?payment_id={payment}"), 200)["items"]
        honest = [decode_envelope(msgspec.json.encode(item["envelope"]), "a receipt") for item in items]
        self._forged, self._keys = stage.folder / "forged.jsonl", stage.folder / "published-keys.json"
        forged = forge(signer_of(path.read_bytes(), path.name), honest)
        self._payment = signed(forged[0], "a forgery").payment_id
        write_receipts(self._forged, forged)
        self._keys.write_bytes(stage.call("finance", "GET", "/.well-known/gonogo-keys.json").content)

    def variables(self, stage: Stage) -> dict[str, str]:  # noqa: ARG002  # what it made is known
        """The receipts that a third party received, and the keys that were published before."""
        return {"GONOGO_SUSPECT_RECEIPTS": str(self._forged), "GONOGO_RECEIPT_TRUST": str(self._keys)}

    def seen(self, stage: Stage) -> str:
        """The forgeries verify with the keys that were published, and the gateway has no such payment."""
        self._require(self._keys, ExitCode.GREEN)
        if stage.call("finance", "GET", f"/v1/payments/{self._payment}").status_code != 404:
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
