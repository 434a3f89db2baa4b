"""What the store raises, whichever database keeps it: no other part of the gateway knows a driver or its errors."""

from gateway.errors import Code


class StorageError(Exception):
    """The storage refused; `code` says how, `ambiguous` that the commit itself failed and its outcome is not known."""

    def __init__(self, code: Code, detail: str, *, ambiguous: bool = False) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.ambiguous = ambiguous
