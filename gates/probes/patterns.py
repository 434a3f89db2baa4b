"""What a secret looks like in bytes: exact values in every form they travel in, and shapes that only secrets have."""

import base64
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote, quote_plus

import msgspec

_QUOTE = rb"(?:\\{0,8}[\"']|&quot;|&#34;|&#x27;|&#39;)"
"""A quotation mark as text, JSON within JSON, or HTML writes it."""

_PERCENT = re.compile(r"%[0-9A-F]{2}")


class Pattern(msgspec.Struct, frozen=True):
    """One kind of secret and the bytes that give it away; group `secret`, where there is one, is the secret itself.

    Where `hints` are given, every match holds one of them: to look for those first is a hundred times faster.
    """

    kind: str
    expression: re.Pattern[bytes]
    hints: tuple[bytes, ...] = ()


def _shape(kind: str, expression: bytes, *hints: bytes) -> Pattern:
    return Pattern(kind, re.compile(expression), hints)


SHAPES = (
    _shape("private key (PEM)", rb"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----", b"PRIVATE KEY"),
    _shape("private key (JWK)", rb"(?<=[\"';])d" + _QUOTE + rb"\s*:\s*" + _QUOTE + rb"(?P<secret>[A-Za-z0-9_-]{43})" + _QUOTE),
    _shape("bearer token", rb"(?i:bearer)\s+(?P<secret>(?=[A-Za-z._~+/-]*[0-9])[A-Za-z0-9._~+/-]{16,}=*)"),
    _shape(
        "basic credentials",
        rb"(?i:authorization)" + _QUOTE + rb"?\s*[:=]\s*" + _QUOTE + rb"?(?i:basic)\s+(?P<secret>[A-Za-z0-9+/]{12,}=*)",
    ),
    _shape("gonogo API key", rb"(?<![A-Za-z0-9])(?P<secret>gng_[a-z_]{1,32}_[A-Za-z0-9_-]{43})", b"gng_"),
    _shape("JSON web token", rb"(?P<secret>eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,})", b"eyJ"),
    _shape("AWS access key id", rb"(?<![A-Z0-9])(?P<secret>(?:AKIA|ASIA)[0-9A-Z]{16})(?![A-Z0-9])", b"AKIA", b"ASIA"),
    _shape(
        "AWS secret access key",
        rb"(?i:aws_secret_access_key|secretaccesskey)"
        + _QUOTE
        + rb"?\s*[:=]\s*"
        + _QUOTE
        + rb"?(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])",
    ),
    _shape(
        "GitHub token",
        rb"(?<![A-Za-z0-9])(?P<secret>(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,}))",
        b"ghp_",
        b"gho_",
        b"ghu_",
        b"ghs_",
        b"ghr_",
        b"github_pat_",
    ),
    _shape("Slack token", rb"(?P<secret>xox[abposr]-[A-Za-z0-9-]{20,})", b"xox"),
    _shape("Stripe key", rb"(?<![A-Za-z0-9])(?P<secret>[rs]k_live_[A-Za-z0-9]{16,})", b"k_live_"),
    _shape("Google API key", rb"(?<![A-Za-z0-9])(?P<secret>AIza[A-Za-z0-9_-]{35})(?![A-Za-z0-9_-])", b"AIza"),
    _shape("password in a URL", rb"://[^/\s:@\"'<>{}$]{1,64}:(?P<secret>[^/\s:@\"'<>{}$]{4,128})@"),
)


def exact_patterns(credentials: Mapping[str, Sequence[str]]) -> tuple[Pattern, ...]:
    """One pattern for each credential, matching every form of its texts; the kind names the credential, never its value."""
    return tuple(
        Pattern(f"the value of {name}", re.compile(b"(?P<secret>" + b"|".join(map(re.escape, looks)) + b")"), tuple(looks))
        for name, looks in ((name, all_forms(texts)) for name, texts in credentials.items())
    )


def all_forms(texts: Sequence[str]) -> list[bytes]:
    """Every form of each of the texts, the longest first."""
    return sorted({form for text in texts for form in forms(text)}, key=lambda form: (-len(form), form))


def sent_forms(value: str) -> tuple[str, ...]:
    """The forms in which a client sends the value, or a document carries it: plain, URL-encoded, base64."""
    raw = value.encode()
    encoded = (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode())
    return tuple(dict.fromkeys((value, quote(value, safe=""), quote_plus(value), *encoded)))


def forms(value: str) -> list[bytes]:
    """The value in every form it travels in: plain, URL-encoded, escaped as in JSON and HTML, hex, UTF-16, base64 anywhere."""
    raw = value.encode()
    urls = (quote(value, safe=""), quote_plus(value), quote(value))
    found = {raw, raw.hex().encode(), raw.hex().upper().encode(), value.encode("utf-16-le"), value.encode("utf-16-be")}
    found.update(url.encode() for url in urls)
    found.update(_PERCENT.sub(lambda match: match[0].lower(), url).encode() for url in urls)
    escaped = msgspec.json.encode(value)[1:-1]
    twice = msgspec.json.encode(escaped.decode())[1:-1]
    found.update(
        (escaped, escaped.replace(b"/", rb"\/"), twice, value.encode("unicode_escape"), value.replace("'", "''").encode())
    )
    found.update((html.escape(value).encode(), html.escape(value, quote=False).encode()))
    found.update(_base64_forms(raw))
    return sorted(found, key=lambda form: (-len(form), form))


def _base64_forms(raw: bytes) -> Iterator[bytes]:
    """What stays the same of the base64 of any text that holds `raw`, wherever in that text it stands."""
    for offset, cut in ((0, 0), (1, 2), (2, 3)):
        whole = len(raw) - (offset + len(raw)) % 3
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * offset + raw[:whole])[cut:]
