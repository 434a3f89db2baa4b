"""The door and Litestar are two ways to one meaning: the same requests, sent each way to a gateway of its own, in raw bytes."""

import datetime as dt
import sqlite3
from contextlib import closing

import pytest
from gateway_wire import WiredShop

from gateway.ids import CountingIds
from gateway.store.tenants import TenantStore

pytestmark = pytest.mark.process

BIG = b" " * 70_000
START = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)
KEY = "a-key-that-comes-back"


def reserve(shop):
    """The body of a good reserve."""
    wallet, payee = shop.demo.wallet_id, shop.demo.payee_ids[0]
    return f'{{"wallet_id":"{wallet}","payee_id":"{payee}","amount":"1250","currency":"USD"}}'.encode()


def chunked(body, size=7):
    """A body in chunks."""
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


OTHER_JSON = "content-type: Application/JSON;charset=utf-8"
IN_CHUNKS = "Transfer-Encoding: chunked"
NO_KEY, NO_LENGTH, NO_TYPE = ["idempotency-key"], ["content-length"], ["content-type"]

# what is asked -> the status it is answered with. `p` and `s` are the path of reserves and of a settle, as each way spells them.
ROWS = [
    ("a reserve", lambda w, p, _: w.request(p, reserve(w), key=KEY), 201),
    ("the same again", lambda w, p, _: w.request(p, reserve(w), key=KEY), 201),
    ("the same, key in quotes", lambda w, p, _: w.request(p, reserve(w), f'Idempotency-Key: "{KEY}"', drop=NO_KEY), 201),
    ("another request under its key", lambda w, p, _: w.request(p, reserve(w).replace(b"1250", b"1251"), key=KEY), 422),
    ("a body in chunks", lambda w, p, _: w.request(p, chunked(reserve(w)), IN_CHUNKS, drop=NO_LENGTH), 201),
    ("more than the wallet has", lambda w, p, _: w.request(p, reserve(w).replace(b"1250", b"999999999")), 403),
    ("a settle", lambda w, _, s: w.request(s, b'{"amount":"50","final":false}', "X-Request-Id: mine"), 200),
    ("a request id that is none", lambda w, _, s: w.request(s, b'{"amount":"50","final":false}', "X-Request-Id: no id"), 200),
    ("the rest of it", lambda w, _, s: w.request(s), 200),
    ("nothing is left", lambda w, _, s: w.request(s), 409),
    ("a refund", lambda w, _, s: w.request(s.replace("settle", "reverse"), b'{"reason":"no"}', role="operator"), 200),
    ("no reason", lambda w, _, s: w.request(s.replace("settle", "reverse")), 400),
    ("no such payment", lambda w, _, s: w.request(s.replace("pay_", "pay_x")), 404),
    ("no id", lambda w, _, s: w.request(s.replace("pay_", "")), 404),
    ("nobody", lambda w, _, s: w.request(s, drop=["authorization"]), 401),
    ("a stranger", lambda w, _, s: w.request(s, b"{}", "Authorization: Bearer stranger", drop=["authorization"]), 401),
    ("another scheme", lambda w, _, s: w.request(s, b"{}", "Authorization: Basic eDp5", drop=["authorization"]), 401),
    ("two callers", lambda w, _, s: w.request(s, b"{}", f"Authorization: Bearer {w.key('agent')}"), 401),
    ("the wrong role", lambda w, _, s: w.request(s, role="finance"), 403),
    ("too much, as announced", lambda w, _, s: w.request(s, BIG), 413),
    ("too much, in chunks", lambda w, _, s: w.request(s, chunked(BIG, 9000), IN_CHUNKS, drop=NO_LENGTH), 413),
    ("no media type", lambda w, _, s: w.request(s, drop=NO_TYPE), 415),
    ("another media type", lambda w, _, s: w.request(s, b"{}", "Content-Type: text/json", drop=NO_TYPE), 415),
    ("a media type spelt otherwise", lambda w, p, _: w.request(p, reserve(w), OTHER_JSON, drop=NO_TYPE), 201),
    ("no body", lambda w, _, s: w.request(s, b""), 400),
    ("no body, and no length", lambda w, _, s: w.request(s, b"", drop=["content-length", "content-type"]), 400),
    ("half of an object", lambda w, _, s: w.request(s, b"{"), 400),
    ("not UTF-8", lambda w, _, s: w.request(s.replace("settle", "reverse"), b'{"reason":"\xff"}'), 400),
    ("a member twice", lambda w, _, s: w.request(s, b'{"amount":"1","amount":"2"}'), 400),
    ("an amount that is a number", lambda w, _, s: w.request(s, b'{"amount":1}'), 400),
    ("no key", lambda w, _, s: w.request(s, drop=NO_KEY), 400),
    ("a short key", lambda w, _, s: w.request(s, key="short"), 400),
    ("a key beyond ASCII", lambda w, _, s: w.request(s, key="\xe9" * 16), 400),
    ("a key with a tab", lambda w, _, s: w.request(s, key="sixteen-char\tacters"), 400),
    ("two keys", lambda w, _, s: w.request(s, b"{}", f"Idempotency-Key: {KEY}"), 400),
    ("a caller who would wait", lambda w, _, s: w.request(s, b"{}", "Prefer: wait=3"), 409),
    ("the last request of a connection", lambda w, p, _: w.request(p, reserve(w), "Connection: close"), 201),
    ("the last one, refused", lambda w, p, _: w.request(p, b"", "Connection: close"), 400),
]  # fmt: skip


def limited(shop):
    """One request at once, from now on."""
    with closing(sqlite3.connect(shop.settings.db, isolation_level=None)) as database:
        TenantStore(database).set_rate(shop.demo.tenant_id, 1, 1)
    shop.passed_on.clear()


def forgetful(shop):
    """A listener that raises after the decision was made."""

    def fail(*_):
        raise LookupError("who was it")

    shop.engine.listeners.append(fail)


def blind(shop):
    """A database that nobody can be looked up in."""
    shop.engine._reads.close()


@pytest.fixture
def shops(tmp_path):
    """Two gateways that count their ids and stand still in time, so that they can differ in nothing but the way."""
    made = []
    for with_door in (True, False):
        folder = tmp_path / f"door-{with_door}"
        folder.mkdir()
        made.append(WiredShop(folder, with_door=with_door, clock=lambda: START, ids=CountingIds()))
    one, other = made
    with one, other:
        yield one, other


PATH = "/v1/payments"
SETTLE = f"{PATH}/pay_{'4'.zfill(32)}/settle"


def both(shops, ask):
    """What each answers: the door itself, and Litestar without the door."""
    return tuple(shop.run(shop.ask_raw(ask(shop, PATH, SETTLE))) for shop in shops)


def counted(shop):
    """What a gateway tells Prometheus of its requests."""
    wanted = (
        "gateway_requests_total",
        "gateway_request_seconds",
        "gateway_in_flight",
        "gateway_settle",
        "gateway_den",
        "gateway_ide",
    )
    lines = shop.ask("GET", "/metrics", None).text.splitlines()
    return [line for line in lines if line.startswith(wanted) and "_created" not in line]


def unordered(answer):
    """An answer with its header lines sorted: what nobody expected is worded by Litestar, which puts them in its own order."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return sorted(head.split(b"\r\n")), body


def test_both_ways_answer_count_and_log_the_same_bytes(shops):
    """Every row of the table: status, headers, their order, body, metrics and log lines, but for date and time."""
    for what, ask, status in ROWS:
        straight, around = both(shops, ask)
        assert straight == around, what
        assert straight.startswith(b"HTTP/1.1 %d " % status), (what, straight)
    door, router = shops
    assert (door.passed_on, len(router.passed_on)) == ([], len(ROWS))
    assert counted(door) == counted(router)
    for shop in shops:
        shop.log.close()
    logged = [[line | {"time": None} for line in shop.lines] for shop in shops]
    assert logged[0] == logged[1]
    assert [line["status"] for line in logged[0]][: len(ROWS)] == [status for *_, status in ROWS]


@pytest.mark.parametrize(
    ("spoil", "status"), [(limited, 429), (forgetful, 500), (blind, 503)], ids=lambda item: getattr(item, "__name__", item)
)
def test_both_ways_tell_the_same_of_what_goes_wrong(shops, spoil, status):
    """A tenant over its rate; a defect after the decision; a database that cannot be read. The connection is served on."""
    for shop in shops:
        spoil(shop)
    for turn in range(2):
        straight, around = both(shops, lambda shop, path, _: shop.request(path, reserve(shop)))
        assert unordered(straight) == unordered(around)
        assert straight.startswith(b"HTTP/1.1 %d " % (201 if status == 429 and not turn else status)), straight
    assert shops[0].passed_on == []
    assert counted(shops[0]) == counted(shops[1])
