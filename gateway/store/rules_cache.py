"""Compiled policies, kept by the hash of their document."""

from collections import OrderedDict

from gateway.policy import Rules

MOST_BYTES = 2_097_152
"""Bytes of documents whose rules are kept: 2 MiB. Rules take up to 20 times their document, so 40 MiB is the most."""

_EACH = 256
"""Bytes that each document is counted with in addition to its own: the rules of the shortest one take 1.5 KB."""


class RulesCache:
    """Bounded by bytes, since one tenant may put policies of 40 bytes and another of 64 KiB; what was used last stays."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._known: OrderedDict[str, tuple[Rules, int]] = OrderedDict()
        self.bytes = 0
        """Bytes of all documents that are counted now."""

    def get(self, digest: str) -> Rules | None:
        """The rules of a document that was compiled before."""
        found = self._known.get(digest)
        if found is None:
            return None
        self._known.move_to_end(digest)
        return found[0]

    def add(self, digest: str, document_bytes: int, rules: Rules) -> None:
        """Keep rules; those that were not used for longest go. Rules that are larger than the whole room are not kept."""
        size = document_bytes + _EACH
        if size > self._most_bytes:
            return
        self._known[digest] = rules, size
        self.bytes += size
        while self.bytes > self._most_bytes:
            _, (_, gone) = self._known.popitem(last=False)
            self.bytes -= gone
