"""Does the scan find what it looks for? Secrets planted in files of its own: each kind, in each format that it claims to read."""

import base64
import html
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from gates.probes.patterns import SHAPES, Pattern, all_forms, sent_forms
from gates.probes.scan import RAW_KEY, RAW_KEY_BYTES, scan
from gates.schema.canonical import canonical_yaml

_TOKEN = "Canary0123456789" * 3  # of 48 characters, cut to what each shape needs
CANARIES: dict[str, str] = {
    "private key (PEM)": "-----BEGIN " + "PRIVATE KEY-----",
    "private key (JWK)": '{"kty":"OKP","d":"' + _TOKEN[:43] + '"}',
    "bearer token": "Authorization: Bearer " + _TOKEN[:24],
    "basic credentials": '"authorization": "Basic ' + base64.b64encode(b"canary:planted-here").decode() + '"',
    "gonogo API key": "gng" + "_agent_" + _TOKEN[:43],
    "JSON web token": ".".join(("eyJ" + _TOKEN[:16], "eyJ" + _TOKEN[16:32], _TOKEN[:24])),
    "AWS access key id": "AKIA" + "CANARY0123456789",
    "AWS secret access key": "aws_secret_access_key = " + _TOKEN[:40],
    "GitHub token": "ghp" + "_" + _TOKEN[:36],
    "Slack token": "xoxb" + "-" + _TOKEN[:24],
    "Stripe key": "sk" + "_live_" + _TOKEN[:24],
    "Google API key": "AIza" + _TOKEN[:35],
    "password in a URL": "postgres://canary:" + "planted-here" + "@localhost/db",
}
"""One text of each shape, put together here so that no scanner takes this file for a leak."""


class Canary(msgspec.Struct, frozen=True):
    """A secret to plant, and the kind by which the scan has to name it."""

    kind: str
    text: bytes


Writer = Callable[[str], bytes]


def _json(text: str) -> bytes:
    return msgspec.json.encode({"at": "planted", "text": text})


def _json_in_json(text: str) -> bytes:
    """A log line of a program that logs a body as a text."""
    return _json(_json(text).decode())


def _envelope(text: str) -> bytes:
    payload = base64.b64encode(_json(text)).decode()
    return msgspec.json.encode({"payloadType": "text/planted", "payload": payload, "signatures": []})


def _yaml(text: str) -> bytes:
    return canonical_yaml({"text": text}).rstrip(b"\n")


def _html(text: str) -> bytes:
    return f"<p>{html.escape(text)}</p>".encode()


FORMATS: dict[str, tuple[str, Writer]] = {
    "text": (".log", str.encode),
    "JSON": (".jsonl", _json),
    "JSON in JSON": (".log", _json_in_json),
    "YAML": (".yaml", _yaml),
    "HTML": (".html", _html),
    "envelope": (".intoto.jsonl", _envelope),
}
"""The formats that the scan claims to read, one planted secret a line."""


class _Planted(msgspec.Struct, frozen=True):
    """A secret in a file, somewhere from line `first` to line `last`, and the kind by which the scan has to name it."""

    file: str
    first: int
    last: int
    kind: str


def unproven(exact: Sequence[Pattern], credentials: Mapping[str, Sequence[str]]) -> list[str]:
    """What was planted and not found, as "KIND in FILE", never the secret; empty where the scan finds all of it.

    The files are in a folder of their own that only their owner can read, and are gone afterwards.
    """
    lost = {f"{shape.kind}, which has no canary" for shape in SHAPES if shape.kind not in CANARIES}
    with tempfile.TemporaryDirectory(prefix="canaries-") as folder:
        planted = list(_plant(Path(folder), credentials))
        found = scan([Path(folder)], exact)
    seen: dict[tuple[str, str], list[int]] = {}
    for hit in found.hits:
        seen.setdefault((hit.file.rpartition("/")[2], hit.kind), []).append(hit.line)
    for item in planted:
        if not any(item.first <= line <= item.last for line in seen.get((item.file, item.kind), ())):
            lost.add(f"{item.kind} in {item.file}")
    unread = {name.rpartition("/")[2]: why for name, why in found.unread}
    return sorted(lost | {f"{name}: {unread[name]}" for name in _readable_files() if name in unread})


def _plant(folder: Path, credentials: Mapping[str, Sequence[str]]) -> Iterator[_Planted]:
    """Write the files; yields what is in them."""
    readable = [Canary(kind, text.encode()) for kind, text in CANARIES.items()]
    for name, texts in credentials.items():
        readable += [Canary(f"the value of {name}", form.encode()) for text in texts for form in sent_forms(text)]
    for name, write in zip(_readable_files(), FORMATS.values(), strict=True):
        lines = [write[1](canary.text.decode()) for canary in readable]
        yield from _write(folder / name, lines, readable)
    every = [Canary(f"the value of {name}", form) for name, texts in credentials.items() for form in all_forms(texts)]
    yield from _write(folder / "bytes.bin", [canary.text for canary in every], every)
    (folder / "planted.key").write_bytes(bytes(RAW_KEY_BYTES))
    yield _Planted("planted.key", 1, 1, RAW_KEY)


def _readable_files() -> list[str]:
    return [f"{name.replace(' ', '-')}{suffix}" for name, (suffix, _) in FORMATS.items()]


def _write(path: Path, lines: Sequence[bytes], canaries: Sequence[Canary]) -> Iterator[_Planted]:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    first = 1
    for text, canary in zip(lines, canaries, strict=True):
        last = first + text.count(b"\n")
        yield _Planted(path.name, first, last, canary.kind)
        first = last + 1
