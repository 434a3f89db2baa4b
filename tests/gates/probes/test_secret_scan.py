"""The probe secret-scan: each kind of planted secret is found, and none is ever written down."""

import base64
import json
import os
import sqlite3
from urllib.parse import quote

import pytest
from planted import PLANTED, VALUE

from gates.evidence.statement import EvidenceKind
from gates.probes import scan as scan_module
from gates.probes.credentials import known_credentials
from gates.probes.patterns import exact_patterns, forms
from gates.probes.scan import scan
from gates.probes.secret_scan import make_probe
from gates.schema.errors import UsageProblem
from gates.schema.outcome import ExitCode


@pytest.mark.parametrize("kind", PLANTED)
def test_each_kind_of_secret_is_found_in_its_line(tmp_path, kind):
    """Planted in line 3 of a log, it is found there, once, and its kind is named."""
    (tmp_path / "app.log").write_text(f"first\nsecond\nthe {PLANTED[kind]} leaked\nlast\n")
    hits = scan([tmp_path], ()).hits
    assert [(hit.file, hit.line) for hit in hits if hit.kind == kind] == [(f"{tmp_path.name}/app.log", 3)]


@pytest.mark.parametrize(
    "text",
    [
        VALUE,
        quote(VALUE, safe=""),
        VALUE.encode().hex(),
        base64.b64encode(VALUE.encode()).decode(),
        base64.b64encode(b"x" + VALUE.encode() + b"y").decode(),
        base64.b64encode(b"agent:" + VALUE.encode()).decode(),
        base64.urlsafe_b64encode(b"ab" + VALUE.encode()).decode(),
        quote(VALUE, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
        VALUE.replace("/", "\\/"),
        VALUE.encode().hex().upper(),
    ],
)
def test_a_known_credential_is_found_in_every_form(tmp_path, text):
    """Plain, URL-encoded, hex, and base64 wherever in the encoded text it stands."""
    (tmp_path / "artifact.json").write_text(f'{{"body": "{text}"}}\n')
    patterns = exact_patterns({"GONOGO_AGENT_KEY": (VALUE,)})
    assert "the value of GONOGO_AGENT_KEY" in {hit.kind for hit in scan([tmp_path], patterns).hits}


def test_a_secret_in_a_database_file_is_found(tmp_path):
    """SQLite keeps text as bytes: the scan reads those."""
    connection = sqlite3.connect(tmp_path / "history.db")
    connection.execute("CREATE TABLE runs (argv TEXT)")
    connection.execute("INSERT INTO runs VALUES (?)", (f"--key {VALUE}",))
    connection.commit()
    connection.close()
    assert scan([tmp_path], exact_patterns({"it": (VALUE,)})).hits


def test_a_raw_key_file_is_found_by_its_size_and_name(tmp_path):
    """Thirty-two bytes in a file named like a key."""
    (tmp_path / "signing.key").write_bytes(bytes(32))
    (tmp_path / "digest.bin").write_bytes(bytes(32))
    assert [(hit.file, hit.kind) for hit in scan([tmp_path], ()).hits] == [
        (f"{tmp_path.name}/signing.key", "private key (32 raw bytes)")
    ]


@pytest.mark.parametrize("place", [0, 50, 95, 100, 105, 190, 200, 395])
def test_a_secret_on_the_seam_of_two_windows_is_found_once(tmp_path, monkeypatch, place):
    """Wherever it begins in a file of several windows, it is found once and in the right line."""
    monkeypatch.setattr(scan_module, "WINDOW_BYTES", 100)
    monkeypatch.setattr(scan_module, "OVERLAP_BYTES", 60)
    secret = PLANTED["AWS access key id"]
    (tmp_path / "big.log").write_text("\n" * place + secret + "\n" * (400 - place))
    assert [hit.line for hit in scan([tmp_path], ()).hits] == [place + 1]


def test_what_only_looks_like_a_secret_is_left_alone(tmp_path):
    """Hashes, templates, redacted headers, public keys, envelopes and prose are not secrets."""
    lines = [
        "sha256 " + "ab" * 32,
        "authorization: Bearer ${GONOGO_AGENT_KEY}",
        "authorization: Bearer [redacted]",
        "a bearer authentication-scheme-without-digits",
        '{"keys":[{"crv":"Ed25519","kty":"OKP","x":"' + "a1B" * 14 + '2"}]}',
        '{"payload":"eyJhbW91bnQiOiIxMjUwIn0=","sig":"' + "Ab1/" * 20 + '"}',
        "http://127.0.0.1:8080/v1/payments",
        "key_fingerprint 0123abcd",
    ]
    (tmp_path / "app.log").write_text("\n".join(lines))
    assert scan([tmp_path], ()).hits == ()


def test_what_cannot_be_read_is_counted_as_skipped(tmp_path):
    """Archives, pipes and links that lead out of the folder are not opened, and each says why."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "logs.gz").write_bytes(b"\x1f\x8b")
    (tmp_path / "outside").write_text("")
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "upwards").symlink_to("..")
    os.mkfifo(folder / "pipe")
    found = scan([folder], ())
    assert found.read == ()
    assert sorted(name.partition("/")[2] for name, _ in found.unread) == ["link", "logs.gz", "pipe", "upwards"]


def test_a_link_to_nothing_or_to_what_is_searched_hides_nothing(tmp_path):
    """As a failed rehearsal leaves `latest`: by a relative or an absolute path, to a folder or a file, dangling, in a circle."""
    reviews = tmp_path / "stage" / "home" / "reviews"
    (reviews / "2026-W49-1").mkdir(parents=True)
    (reviews / "2026-W49-1" / "scorecard.yaml").write_text("kind: Scorecard\n")
    for name, target in (
        ("latest", "2026-W49-1"),
        ("absolute", reviews / "2026-W49-1" / "scorecard.yaml"),
        ("removed", "2026-W48-1"),
        ("of-a-file", "2026-W49-1/scorecard.yaml/x"),
        ("circle", "circle"),
    ):
        (reviews / name).symlink_to(target)
    found = scan([tmp_path], ())
    assert found.unread == ()
    assert [name.rpartition("/")[2] for _, name in found.read] == ["scorecard.yaml"]


def test_a_secret_in_the_path_of_a_link_is_found(tmp_path):
    """Also where the link leads to nothing."""
    (tmp_path / "link").symlink_to(f"/nowhere/{VALUE}")
    exact = exact_patterns({"agent": (VALUE,)})
    assert [(hit.file.rpartition("/")[2], hit.line) for hit in scan([tmp_path], exact).hits] == [("link", 1)]


def test_a_link_that_is_named_itself_is_not_passed_over(tmp_path):
    """What it leads to has to be named."""
    (tmp_path / "app.log").write_text("")
    (tmp_path / "link").symlink_to("app.log")
    assert [name for name, _ in scan([tmp_path / "link"], ()).unread] == ["link"]


def test_a_path_that_does_not_exist_is_refused(tmp_path):
    """A misspelt folder would be clean for ever."""
    with pytest.raises(UsageProblem, match="absent"):
        scan([tmp_path / "absent"], ())


def test_known_credentials_are_the_environments_and_the_targets():
    """Names are kept, a value is looked for once, and one that is too short to be looked for is named."""
    environ = {
        "GONOGO_AGENT_KEY": VALUE,
        "GONOGO_OTHER_AGENT_KEY": VALUE + "2",
        "GONOGO_WALLET_ID": "x" * 20,
        "GONOGO_X_KEY": "k",
    }
    found = known_credentials(environ, {"agent": f"Bearer {VALUE}", "other": "Bearer " + "another-key-0001"})
    assert sorted(found.texts) == ["GONOGO_AGENT_KEY", "GONOGO_OTHER_AGENT_KEY", "credential other"]
    assert found.texts["credential other"] == ("Bearer another-key-0001", "another-key-0001")
    assert list(found.unsearchable) == ["GONOGO_X_KEY"]


@pytest.mark.parametrize(
    ("authorization", "leaked"),
    [
        ("Token " + "opens-the-till-01", "sent Token " + "opens-the-till-01"),
        ("Token " + "opens-the-till-01", "key=" + "opens-the-till-01"),
        ("ApiKey " + "id=7 opens the till", '{"header": "ApiKey ' + 'id=7 opens the till"}'),
        ("ApiKey " + "id=7 opens the till", "id%3D7+" + "opens+the+till"),
        ("Token " + "short-7", "Authorization: Token " + "short-7"),
        ("Basic " + base64.b64encode(b"gonogo:a-long-password").decode(), "password=" + "a-long-password"),
        ("Basic " + base64.b64encode(b"gonogo:a-long-password").decode(), base64.b64encode(b"gonogo:a-long-password").decode()),
        ('Token quo"ted\\key-0001', '{"key": "quo\\"ted\\\\key-0001"}'),
        ("opens-the-till-01", "opens-the-till-01"),
    ],
)
def test_a_credential_is_looked_for_in_the_form_in_which_it_is_sent(tmp_path, authorization, leaked):
    """With its scheme and without, with spaces in it, as Basic hides it, and as JSON and URLs write it."""
    (tmp_path / "app.log").write_text(f"{leaked}\n")
    sought = known_credentials({}, {"agent": authorization})
    assert "the value of credential agent" in {hit.kind for hit in scan([tmp_path], exact_patterns(sought.texts)).hits}


def test_a_variable_with_a_line_end_is_looked_for_without_it(tmp_path):
    """No log holds the line end that a shell put behind the value."""
    (tmp_path / "app.log").write_text(f"key {VALUE[4:]} leaked\n")
    sought = known_credentials({"GONOGO_RAIL_KEY": f"{VALUE[4:]}\n"}, {})
    assert [hit.line for hit in scan([tmp_path], exact_patterns(sought.texts)).hits] == [1]


def test_a_value_longer_than_the_overlap_of_two_windows_is_found(tmp_path, monkeypatch):
    """Its beginning is looked for: in hex a long one would be longer than what two windows share."""
    monkeypatch.setattr(scan_module, "WINDOW_BYTES", 1 << 16)
    long = "".join(f"{number:04d}" for number in range(2000))
    (tmp_path / "big.log").write_text(
        "\n" * (scan_module.WINDOW_BYTES - 9000) + long.encode().hex() + "\n" * scan_module.WINDOW_BYTES
    )
    assert scan([tmp_path], exact_patterns(known_credentials({"GONOGO_A_KEY": long}, {}).texts)).hits


@pytest.mark.process
@pytest.mark.parametrize(
    ("credential", "why"),
    [("Token k", "shorter than 12 characters"), ("Token ${NOT_SET_ANYWHERE}", "NOT_SET_ANYWHERE")],
)
def test_a_credential_that_cannot_be_looked_for_is_named_and_never_clean(workbench, tmp_path, credential, why):
    """Nothing was found, and the scan is not green: it says which credential it did not look for."""
    (tmp_path / "app.log").write_text("nothing here\n")
    probe = make_probe([tmp_path / "app.log"], {})
    done = workbench.run(probe, credentials={"agent": "Bearer opens-the-till-01", "finance": credential}, build=None)
    assert [(item.where, why in item.why) for item in done.result.skipped] == [("credential finance", True)]
    assert (done.result.measures["findings"].skipped, done.exit_code) == (1, ExitCode.UNKNOWN)


def test_an_archive_is_known_by_its_first_bytes(tmp_path):
    """A packed log without its suffix holds what no search can see."""
    import gzip

    (tmp_path / "app.log.1").write_bytes(gzip.compress(VALUE.encode()))
    assert scan([tmp_path], ()).unread == ((f"{tmp_path.name}/app.log.1", "an archive; unpack it first"),)


def test_forms_are_never_short():
    """A form of a few bytes would be found everywhere."""
    assert min(len(form) for form in forms("a" * 12)) >= 12


def test_detect_secrets_sees_nothing_that_this_scan_misses(tmp_path):
    """A second opinion: every planted kind that the library names is found here too."""
    from detect_secrets import SecretsCollection
    from detect_secrets.settings import default_settings

    for kind, text in PLANTED.items():
        path = tmp_path / f"{kind.replace(' ', '-')}.log"
        path.write_text(f"{text}\n")
        with default_settings():
            theirs = SecretsCollection()
            theirs.scan_file(str(path))
        assert not theirs.data or scan([path], ()).hits


@pytest.mark.process
def test_the_evidence_tells_where_and_never_what(workbench, tmp_path, monkeypatch):
    """File, line, kind and the start of a hash; the value is in neither report nor statement, and skipped files are told."""
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "app.log").write_text(f"{VALUE}\n")
    (logs / "old.gz").write_bytes(b"\x1f\x8b")
    done = workbench.run(make_probe([logs], {"GONOGO_AGENT_KEY": VALUE}))
    assert done.exit_code is ExitCode.RED
    assert ("logs/app.log:1", "no secret") in {(item.where, item.expected) for item in done.result.findings}
    assert done.result.measures["findings"].skipped == 1
    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and "logs" not in path.parts)
    assert VALUE.encode() not in left
    assert base64.b64encode(VALUE.encode())[:30] not in left
    (path,) = workbench.store.objects.glob(f"*/{done.evidence}*")
    envelope = json.loads(path.read_bytes())
    assert EvidenceKind.SECRET_SCAN.value.encode() in base64.b64decode(envelope["payload"])


@pytest.mark.process
def test_a_scan_of_nothing_is_not_run(workbench):
    """No path named: the evidence says not run, and not zero findings."""
    done = workbench.run(make_probe([], {}))
    assert (done.status, done.exit_code) == ("not_run", ExitCode.UNKNOWN)


@pytest.mark.process
def test_a_scan_that_finds_no_file_is_not_run(workbench, tmp_path):
    """Nothing was searched in a folder that is empty, so nothing is clean: exit 3."""
    (tmp_path / "logs" / "old").mkdir(parents=True)
    done = workbench.run(make_probe((tmp_path / "logs",), {}))
    assert (done.status, done.exit_code) == ("not_run", ExitCode.UNKNOWN)
    assert "nothing was searched: logs holds no file" in done.detail
