"""What must not be shown or stored of what commands print: the credentials of the run, and what looks like one."""

import re
from collections.abc import Iterable, Mapping

from gates.schema.secret import REDACTED, redact

_SECRET_NAME = re.compile(r"(?:.*_)?(?:KEY|SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|AUTHORIZATION)")
_NO_SECRET = re.compile(r"(?:.*_)?IDEMPOTENCY_KEY")
_SHORTEST = 4
_SHAPES = (
    re.compile(r"(?i)(?<=bearer )[A-Za-z0-9._~+/-]{8,}=*"),
    re.compile(r"(?i)(?<=basic )[A-Za-z0-9+/]{12,}=*"),
    re.compile(r"(?<![A-Za-z0-9])gng_[a-z_]{1,32}_[A-Za-z0-9_-]{43}"),
    re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}"),
    re.compile(r'(?<="d":")[A-Za-z0-9_-]{43}(?=")'),
    re.compile(r'(?<="d": ")[A-Za-z0-9_-]{43}(?=")'),
)
_BEGIN, _END = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY"), re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY")


def secret_values(environ: Mapping[str, str], more: Iterable[str] = ()) -> tuple[str, ...]:
    """The values to take out: of variables whose names say that they are secret, and `more`; of several lines each."""
    named = [value for name, value in environ.items() if _SECRET_NAME.fullmatch(name) and not _NO_SECRET.fullmatch(name)]
    lines = {line.strip() for value in (*named, *more) for line in (value, *value.splitlines())}
    return tuple(sorted(line for line in lines if len(line) >= _SHORTEST))


class Redactor:
    """Takes secrets out of one stream of whole lines; a private key of several lines too."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(secrets)
        self._in_key = False

    def lines(self, text: str) -> str:
        """Some whole lines without what is secret in them."""
        kept = "".join(self._outside_of_keys(text.splitlines(keepends=True)))
        kept = redact(kept, self._secrets)
        for shape in _SHAPES:
            kept = shape.sub(REDACTED, kept)
        return kept

    def _outside_of_keys(self, lines: Iterable[str]) -> Iterable[str]:
        for line in lines:
            if not self._in_key and not _BEGIN.search(line):
                yield line
                continue
            if not self._in_key:
                yield f"{REDACTED}\n"
            self._in_key = not _END.search(line)
