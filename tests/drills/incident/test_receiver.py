"""The receiver writes down what arrives before it answers, and refuses what is no notification."""

import httpx
import msgspec
import pytest
from waiting import eventually

from drills.child import spawn
from drills.incident import receiver
from drills.incident.pages import Follower, Received, pages
from gates.schema.practice import ready_url
from gates.schema.rooms import room_argv


@pytest.fixture
def running(tmp_path, environ):
    """Its address and its file."""
    out = tmp_path / "pages.jsonl"
    child = spawn(room_argv("drills.incident.receiver", "--out", str(out)), environ, tmp_path / "receiver")
    try:
        assert eventually(lambda: ready_url(child.stdout.read_bytes()) is not None), child.stderr.read_text()
        yield ready_url(child.stdout.read_bytes()), out
    finally:
        child.end()


def _payload(severity="page", status="firing"):
    alert = {"status": status, "labels": {"alertname": "Burn", "severity": severity}, "startsAt": "2026-11-25T11:00:00.5Z"}
    return {"version": "4", "status": status, "receiver": "ada", "alerts": [alert], "groupKey": "{}:{}", "truncatedAlerts": 0}


@pytest.mark.process
def test_what_arrives_is_in_the_file_before_it_is_answered(running):
    """With its moment, its path and the whole body; a body over several lines stays one line."""
    url, out = running
    follower = Follower(out)
    assert follower.poll() == []
    assert httpx.post(f"{url}/page/ada", json=_payload()).status_code == 200
    (first,) = follower.poll()
    assert (first.seq, first.person, first.path, first.payload.status) == (1, "ada", "/page/ada", "firing")
    assert first.firing()[0].has({"alertname": "Burn"})
    indented = msgspec.json.format(msgspec.json.encode(_payload("ticket")), indent=2)
    assert httpx.post(f"{url}/page/owner", content=indented).status_code == 200
    assert httpx.post(f"{url}/watchdog", json=_payload("watchdog")).status_code == 200
    assert [item.person for item in follower.poll()] == ["ada", "owner", None]
    assert [item.seq for item in pages(follower.poll())] == [1]
    assert "groupKey" in msgspec.json.decode(out.read_bytes().splitlines()[0])["payload"]


@pytest.mark.process
@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", {"Transfer-Encoding": "chunked"}, 411),
        (b"x" * (receiver.LARGEST + 1), {}, 413),
        (b"not JSON", {}, 400),
        (b"{}", {}, 400),
        (b"[" * 100_000, {}, 400),
        (b'{"version": "4"}\xff', {}, 400),
    ],
    ids=["no length", "too large", "no JSON", "no notification", "deep", "no UTF-8"],
)
def test_what_is_no_notification_is_refused_and_not_written(running, content, headers, status):
    """It goes on serving."""
    url, out = running
    given = iter([content]) if headers else content
    try:
        assert httpx.post(f"{url}/page/ada", content=given, headers=headers).status_code == status
    except httpx.WriteError:  # refused before all of it was sent
        assert status == 413
    assert httpx.get(url).status_code == 501
    assert httpx.post(f"{url}/page/ada", json=_payload()).status_code == 200
    assert [item.seq for item in Follower(out).poll()] == [1]


@pytest.mark.process
@pytest.mark.parametrize(
    "path", ["/page/ada", "/0123456789abcdef0123456789abcdef/page/ada", "/x{word}/page/ada", "{word}x/page/ada"]
)
def test_a_page_of_anybody_else_is_none(running, path):
    """Only this rehearsal's Alertmanager has the word."""
    url, out = running
    base, _, word = url.rpartition("/")
    assert httpx.post(f"{base}{path.replace('{word}', f'/{word}')}", json=_payload()).status_code == 404
    assert httpx.post(f"{url}/page/ada", json=_payload()).status_code == 200
    assert [item.path for item in Follower(out).poll()] == ["/page/ada"]


def test_a_line_that_is_cut_short_is_read_once_it_is_whole(tmp_path):
    """The receiver may be writing it."""
    line = msgspec.json.encode({"seq": 1, "at": "", "monotonic_ns": 5, "path": "/watchdog", "payload": _payload()}) + b"\n"
    path = tmp_path / "pages.jsonl"
    path.write_bytes(line + line[:20])
    follower = Follower(path)
    assert len(follower.poll()) == 1
    path.write_bytes(line + line)
    assert len(follower.poll()) == 2
    assert msgspec.json.decode(line, type=Received).at_s == 5e-9


def test_no_more_than_a_bounded_number_is_written(tmp_path, monkeypatch):
    """A loop of alerts does not fill the disk."""
    monkeypatch.setattr(receiver, "MOST", 2)
    book = receiver._Book(tmp_path / "pages.jsonl")
    body = msgspec.json.encode(_payload())
    assert [book.add("/watchdog", body) for _ in range(3)] == [True, True, False]
    book._file.close()
    assert len(Follower(tmp_path / "pages.jsonl").poll()) == 2
