"""The signatures of one batch: begun while it is decided, needed when it is written.

An Ed25519 signature costs a fifth of a settle and holds the interpreter lock while it is made. So a helper process signs what was
decided while the next request is being decided, and the last ones while rows are written. Without it they are made here.
"""

import logging
import socket
from collections.abc import Callable, Sequence

from gateway.process.child import fork
from gateway.receipts.signer import SIGNATURE_BYTES, ReceiptSigner, signing_with

_KEY, _PAYLOAD = b"K", b"P"
_HEAD = 5
"""A letter and the length of what follows, in four bytes."""

_AT_ONCE = 16
"""Receipts that are sent together while there may be more: each time costs a system call, here and there."""

_log = logging.getLogger(__name__)


class Signatures:
    """Signs the receipts of one batch after another, in order; `helper` is the socket to a process made by `fork_signer`."""

    def __init__(self, helper: socket.socket | None = None) -> None:
        self._helper = helper
        self._signer: ReceiptSigner | None = None
        self._messages: list[bytes] = []
        self._sent = 0
        self._known_by_helper = ""

    def begin_batch(self, signer: ReceiptSigner) -> None:
        """The next messages are signed with this key; what an abandoned batch left is forgotten."""
        if self._sent:
            self._collect()
        self._messages.clear()
        self._signer = signer

    def begin(self, payload: bytes) -> None:
        """Sign this, by the time of `finish`."""
        assert self._signer is not None, "a batch was begun"
        self._messages.append(self._signer.message(payload))
        if self._helper is not None and len(self._messages) - self._sent >= _AT_ONCE:
            self._send()

    def hurry(self) -> None:
        """All payloads of the batch are known: the helper gets the rest, and has until `finish` for it.

        One alone is signed here: waking another process and hearing from it costs as much.
        """
        if len(self._messages) > max(self._sent, 1):
            self._send()

    def finish(self) -> list[bytes]:
        """The signatures of all payloads since the last time, in order."""
        self.hurry()
        made = self._collect() if self._sent else self._sign_here()
        self._messages.clear()
        return made

    def _sign_here(self) -> list[bytes]:
        if not self._messages:
            return []
        assert self._signer is not None, "a batch was begun"
        return [self._signer.sign_message(message) for message in self._messages]

    def _send(self) -> None:
        if self._helper is None:
            return
        assert self._signer is not None, "a batch was begun"
        frames = [b"P%b%b" % (len(message).to_bytes(4), message) for message in self._messages[self._sent :]]
        if self._known_by_helper != self._signer.keyid:
            frames.insert(0, b"K%b%b" % ((32).to_bytes(4), self._signer.private_bytes()))
        try:
            self._helper.sendall(b"".join(frames))
        except OSError:
            self._do_without()
        else:
            self._known_by_helper = self._signer.keyid
            self._sent = len(self._messages)

    def _collect(self) -> list[bytes]:
        """What the helper made of all that was sent; made here where it has ended."""
        wanted, found = self._sent * SIGNATURE_BYTES, b""
        while self._helper is not None and len(found) < wanted:
            try:
                part = self._helper.recv(wanted - len(found))
            except OSError:
                part = b""
            if not part:
                self._do_without()
            found += part
        if self._helper is None:
            return self._sign_here()
        self._sent = 0
        return [found[at : at + SIGNATURE_BYTES] for at in range(0, wanted, SIGNATURE_BYTES)]

    def _do_without(self) -> None:
        _log.warning("the signing helper has ended; receipts are signed in the writing process from now on")
        if self._helper is not None:
            self._helper.close()
        self._helper, self._sent = None, 0

    def close(self) -> None:
        """Let the helper end."""
        if self._helper is not None:
            self._helper.close()
            self._helper = None


def fork_signer(not_for_it: Sequence[socket.socket]) -> socket.socket:
    """Start the helper, before this process has threads or an event loop; returns the socket to it, with which it ends."""
    ours, theirs = socket.socketpair()
    fork(lambda: _sign_all(theirs), (ours, *not_for_it))
    theirs.close()
    return ours


def _sign_all(asked: socket.socket) -> int:
    """Sign what is sent until the other end is closed; 0."""
    sign: Callable[[bytes], bytes] | None = None
    rest = b""
    while data := asked.recv(1 << 18):
        data = rest + data
        at, made = 0, []
        while len(data) - at >= _HEAD:
            start = at + _HEAD
            end = start + int.from_bytes(data[at + 1 : start])
            if end > len(data):
                break
            if data[at : at + 1] == _KEY:
                sign = signing_with(data[start:end])
            else:
                assert sign is not None, "the key comes first"
                made.append(sign(data[start:end]))
            at = end
        rest = data[at:]
        if made:
            asked.sendall(b"".join(made))
    return 0
