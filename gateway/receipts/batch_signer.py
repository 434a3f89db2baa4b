"""Signs the receipts of one batch: they are collected while it is decided and signed together when it is written."""

from gateway.receipts.signer import ReceiptSigner


class BatchSigner:
    """Begin a batch, add payloads, finish it; the only way in which the writing process signs receipts."""

    def __init__(self) -> None:
        self._signer: ReceiptSigner | None = None
        self._payloads: list[bytes] = []

    def begin_batch(self, signer: ReceiptSigner) -> None:
        """The payloads that follow are signed with this key; those of an abandoned batch are forgotten."""
        self._payloads.clear()
        self._signer = signer

    def add(self, payload: bytes) -> None:
        """Sign this with the batch."""
        self._payloads.append(payload)

    def finish(self) -> list[bytes]:
        """The signatures of all payloads added since the last time, in order."""
        assert self._signer is not None or not self._payloads, "a batch was begun"
        made = [self._signer.sign(payload) for payload in self._payloads] if self._signer else []
        self._payloads.clear()
        return made
