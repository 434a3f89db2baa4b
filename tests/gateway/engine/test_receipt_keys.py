"""Receipt keys: rotated and revoked in the journal's order, and a verifier who shares no code with us holds them to it."""

import asyncio
import base64
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
import rfc8785
from click.testing import CliRunner
from gateway_shop import Shop, refusal
from receipt_members import changed

from gates.receipts.cli import receipt
from gateway.cli import gateway
from gateway.command_line.controls import rotate_key
from gateway.engine.engine import Engine
from gateway.engine.receipt_keys import key_path
from gateway.errors import StartProblem
from gateway.receipts.receipt import envelope
from gateway.receipts.signer import read_key_file
from gateway.store.database import SqliteStore

FAIL, PASS = 8, 0


@pytest.fixture
def shop(tmp_path):
    """A gateway of this test's own."""
    with Shop(tmp_path) as made:
        yield made


def command(shop, name, *options, keyid=None):
    """`gonogo gateway ...` on the shop's database, while it runs; the first words of each line of its answer."""
    last = [] if keyid is None else ["--", keyid]  # a key's id may begin with a dash
    done = CliRunner().invoke(gateway, [name, "--db", str(shop.settings.db), *options, *last])
    assert done.exit_code == 0, done.output
    return {line.split()[0]: line.split()[1].rstrip(",") for line in done.output.splitlines()}


def jwks(shop):
    """The key document as it is served."""
    return shop.ask("GET", "/.well-known/gonogo-keys.json", None).json()


def receipts(shop):
    """Every envelope, in the order of the journal."""
    return [item["envelope"] for item in shop.ask("GET", "/v1/receipts").json()["items"]]


def payload(signed):
    """The receipt in an envelope."""
    return json.loads(base64.b64decode(signed["payload"]))


def verify(folder: Path, envelopes, trust):
    """`gonogo receipt verify`: exit code and text."""
    (folder / "receipts.jsonl").write_text("".join(json.dumps(item) + "\n" for item in envelopes))
    (folder / "trust.json").write_text(json.dumps(trust))
    words = ["verify", str(folder / "receipts.jsonl"), "--trust", str(folder / "trust.json"), "--verbose"]
    done = CliRunner().invoke(receipt, words, standalone_mode=False)
    return done.return_value, " ".join(done.output.split())


def test_a_rotation_takes_effect_at_its_own_place_in_the_journal(shop, tmp_path):
    """Earlier receipts keep the old key, later ones have the new; all verify against the served document; nothing restarts."""
    before = shop.reserved()
    said = command(shop, "rotate-key", "--by", "ops-7")
    shop.post(f"{before}/settle", {})
    first, second = receipts(shop)
    assert (payload(first)["signing"]["key_id"], payload(second)["signing"]["key_id"]) == (said["retired"], said["active"])
    assert first["signatures"][0]["keyid"] == said["retired"]
    by_id = {key["kid"]: key for key in jwks(shop)["keys"]}
    old, new = by_id[said["retired"]], by_id[said["active"]]
    assert (old["status"], new["status"], new["journal_until"]) == ("retired", "active", None)
    assert old["journal_from"] < payload(first)["journal"]["seq"] < old["journal_until"] < new["journal_from"]
    assert new["journal_from"] < payload(second)["journal"]["seq"]
    assert verify(tmp_path, [first, second], jwks(shop))[0] == PASS
    text = shop.ask("GET", "/metrics", None).text
    assert 'gateway_receipt_keys{status="active"} 1.0' in text
    assert 'gateway_receipt_keys{status="retired"} 1.0' in text


def busy(answer):
    """Whether the database was locked for longer than a request waits."""
    return answer.status_code == 503 and answer.json()["code"] == "storage_busy"


def test_rotating_under_load_leaves_no_receipt_in_between(shop, tmp_path):
    """While requests are decided all the time the key is rotated three times: every receipt is by the key of its place."""
    answered = []

    async def caller(wanted):
        while len(answered) < wanted:
            headers = {"authorization": f"Bearer {shop.key('agent')}", "idempotency-key": shop.fresh()}
            asked = shop.payment()
            while busy(answer := await shop._client.post("/v1/payments", json=asked, headers=headers)):
                continue  # the disk was slow, and the rotation held the lock: nothing is decided, and the same key is sent again
            answered.append(answer)

    async def scenario():
        for _ in range(3):
            wanted = len(answered) + 40
            rotation = asyncio.to_thread(rotate_key, shop.settings, "ops")
            await asyncio.gather(rotation, *(caller(wanted) for _ in range(8)))
        await caller(len(answered) + 1)

    shop.run(scenario())
    assert {answer.status_code for answer in answered} == {201}
    items = shop.ask("GET", "/v1/receipts?limit=1000").json()["items"]
    assert len(items) == len(answered)
    signed = [item["envelope"] for item in items]
    assert payload(signed[-1])["signing"]["key_id"] == next(key["kid"] for key in jwks(shop)["keys"] if key["status"] == "active")
    assert verify(tmp_path, signed, jwks(shop))[0] == PASS


def test_each_receipt_signs_its_place_in_the_journal(shop):
    """The signed position is the one under which the journal has it: of the listing and of the ledger."""
    shop.post(f"{shop.reserved()}/settle", {"amount": "250"})
    items = shop.ask("GET", "/v1/receipts").json()["items"]
    lines = [json.loads(line) for line in shop.ask("GET", "/v1/ledger/entries", "finance").text.splitlines()]
    by_receipt = {line["receipt_id"]: line["seq"] for line in lines}
    for item in items:
        assert payload(item["envelope"])["journal"]["seq"] == item["seq"] == by_receipt[item["receipt_id"]]


def test_a_retired_key_signs_nothing_any_more_even_in_a_thiefs_hands(shop, tmp_path):
    """A receipt forged with the old private key fails at any later position; its file is gone from the service."""
    shop.reserved()
    stolen = read_key_file(shop.settings.key_file)
    said = command(shop, "rotate-key")
    assert not shop.settings.key_file.exists()
    assert key_path(shop.settings, said["active"]).stat().st_mode & 0o777 == 0o600
    content = changed(payload(receipts(shop)[0]), journal_seq=1000, receipt_id="rcp_forged")
    forged = rfc8785.dumps(content)
    signed = json.loads(msgspec.json.encode(envelope(forged, stolen.sign(forged), stolen.keyid)))
    code, text = verify(tmp_path, [signed], jwks(shop))
    assert code == FAIL
    assert "the key was retired at journal position" in text
    assert "and this receipt is at position 1000" in text


def test_nothing_that_a_revoked_key_signed_counts_at_any_position(shop, tmp_path):
    """A thief can claim any earlier position, so revoking takes back all; the active key is replaced in the same transaction."""
    before = shop.reserved()
    (active,) = (key["kid"] for key in jwks(shop)["keys"])
    said = command(shop, "revoke-key", keyid=active)
    assert said["revoked"] == active
    shop.post(f"{before}/settle", {})
    first, second = receipts(shop)
    code, text = verify(tmp_path, [first], jwks(shop))
    assert code == FAIL
    assert "the key was revoked at journal position" in text
    assert payload(second)["signing"]["key_id"] == said["active"]
    revoked = next(key for key in jwks(shop)["keys"] if key["kid"] == active)
    assert (revoked["status"], revoked["use"], revoked["journal_from"]) == ("revoked", "revoked", None)


def test_a_retired_key_can_still_be_revoked_but_only_once(shop):
    """The new key signs on; revoking again, or a key that nobody knows, is refused with its name."""
    shop.reserved()
    said = command(shop, "rotate-key")
    again = command(shop, "revoke-key", keyid=said["retired"])
    assert (again["revoked"], again["active"]) == (said["retired"], said["active"])
    for keyid, why in ((said["retired"], "is revoked already"), ("unknown", "knows no receipt key unknown")):
        done = CliRunner().invoke(gateway, ["revoke-key", "--db", str(shop.settings.db), "--", keyid])
        assert done.exit_code == 1
        assert why in done.output


def test_every_key_event_is_an_operation_of_the_journal(shop):
    """Who did it and when is in the append-only row at the same position."""
    said = command(shop, "rotate-key", "--by", "ops-7")
    command(shop, "revoke-key", "--by", "ops-8", keyid=said["retired"])
    sql = "SELECT e.event, o.kind, o.actor, o.tenant_id FROM key_events AS e JOIN operations AS o ON o.seq = e.seq ORDER BY e.seq"
    with closing(sqlite3.connect(shop.settings.db)) as database:
        rows = database.execute(sql).fetchall()
    assert rows == [
        ("active", "key_active", "system", "system"),
        ("retired", "key_retired", "ops-7", "system"),
        ("active", "key_active", "ops-7", "system"),
        ("revoked", "key_revoked", "ops-8", "system"),
    ]


def test_a_gateway_without_its_active_key_says_so_and_pays_nothing(shop):
    """Running: 503 and the file's name, nothing stored; the same key decides once the file is back. Starting: refused."""
    said = command(shop, "rotate-key")
    path, key = key_path(shop.settings, said["active"]), shop.fresh()
    kept = path.read_bytes()
    path.unlink()
    refused = shop.post("/v1/payments", shop.payment(), key=key)
    assert refusal(refused) == (503, "storage_unusable")
    assert path.name in refused.json()["detail"]
    assert str(path.parent) not in refused.text
    with pytest.raises(StartProblem, match="rotate-key"):
        Engine.open(shop.settings)
    path.write_bytes(kept)
    assert shop.post("/v1/payments", shop.payment(), key=key).status_code == 201


def test_a_key_file_of_another_database_is_not_used(shop):
    """The journal says which key is active; a file that holds another one is as good as none."""
    said = command(shop, "rotate-key")
    key_path(shop.settings, said["active"]).write_bytes(bytes(32))
    with pytest.raises(StartProblem, match="is not there"):
        Engine.open(shop.settings)


def test_a_gateway_that_does_not_start_leaves_no_connection_open(shop):
    """Whatever stops it: here the key is not there."""
    key_path(shop.settings, command(shop, "rotate-key")["active"]).unlink()
    with pytest.raises(StartProblem) as failed:
        Engine.open(shop.settings)
    held = [value for entry in failed.traceback for value in entry.frame.f_locals.values()]
    connections = [value._writer for value in held if isinstance(value, SqliteStore)]
    assert connections
    for connection in connections:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


def test_a_lost_key_is_replaced_by_rotating(shop, tmp_path):
    """Rotation needs the journal, not the old private key; what the lost key signed still verifies."""
    where = shop.reserved()
    shop.settings.key_file.unlink()
    command(shop, "rotate-key")
    assert shop.post(f"{where}/settle", {}).status_code == 200
    assert verify(tmp_path, receipts(shop), jwks(shop))[0] == PASS


def test_before_the_first_start_there_is_no_key_to_rotate(tmp_path):
    """The text says what makes the first one."""
    db = str(tmp_path / "gateway.db")
    assert CliRunner().invoke(gateway, ["migrate", "--db", db]).exit_code == 0
    done = CliRunner().invoke(gateway, ["rotate-key", "--db", db])
    assert f"`gonogo gateway serve --db {db}` makes the first one" in done.output
