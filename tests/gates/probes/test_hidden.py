"""Secrets that do not stand in a file as they are, and files that nobody can see into."""

import base64
import json
import sqlite3

import pytest
from planted import PLANTED, VALUE

from gates.probes.patterns import exact_patterns
from gates.probes.scan import scan
from gates.probes.sqlite_values import long_values


@pytest.mark.parametrize("secret", [VALUE, PLANTED["AWS access key id"]])
def test_a_secret_in_the_payload_of_an_envelope_is_found(tmp_path, secret):
    """Evidence is base64: the scan reads what it says."""
    payload = base64.b64encode(json.dumps({"detail": f"x {secret}"}).encode()).decode()
    (tmp_path / "a.intoto.json").write_text(json.dumps({"payloadType": "t", "payload": payload, "signatures": []}, indent=1))
    hits = scan([tmp_path], exact_patterns({"it": (VALUE,)})).hits
    assert [(hit.line, hit.kind) for hit in hits] == [(3, "the value of it" if secret == VALUE else "AWS access key id")]


@pytest.mark.parametrize("page", [512, 4096])
def test_a_secret_in_a_value_that_sqlite_cuts_into_pages_is_found(tmp_path, page):
    """Wherever in a long value it stands, in a table and in an index: in some places its bytes lie in two pages."""
    secret, cut = PLANTED["AWS access key id"], 0
    for shift in range(-30, 12, 3):  # pages of the rest are full, so this is where the secret lies across the first cut
        path = tmp_path / f"{shift}.db"
        connection = sqlite3.connect(path)
        connection.execute(f"PRAGMA page_size = {page}")
        connection.execute("CREATE TABLE answers (body TEXT)")
        connection.execute("INSERT INTO answers VALUES (?)", (" " * (page // 2) + secret + " " * (3 * (page - 4) + shift),))
        connection.commit()
        cut += secret.encode() not in path.read_bytes()
        connection.execute("CREATE INDEX by_body ON answers (body)")
        connection.commit()
        connection.close()
        assert [secret.encode() in value for value in long_values(path)] == [True, True]
        assert scan([path], ()).hits
    assert cut > 0


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\x00\x01binary" * 20, "binary"),
        ("text".encode("utf-16"), "UTF-16"),
        (b"\x37\x7f\x06\x82" + bytes(60), "was not closed"),
        (b"SQLite format 3\x00" + b"\x10\x00", "header"),
    ],
)
def test_what_the_scan_cannot_see_into_is_named(tmp_path, content, why):
    """Its bytes are searched, and it is no file that was read: never clean."""
    (tmp_path / "odd").write_bytes(content)
    found = scan([tmp_path], ())
    assert (found.read, [why in reason for _, reason in found.unread]) == ((), [True])


def test_a_secret_in_a_binary_file_is_found_all_the_same(tmp_path):
    """What is named as not searched is no hiding place."""
    (tmp_path / "core").write_bytes(b"\x00\x01" + VALUE.encode() + b"\x00")
    assert scan([tmp_path], exact_patterns({"it": (VALUE,)})).hits
