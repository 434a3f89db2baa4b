"""The simulated rail: its script, its book, its signed events."""

import asyncio
import hashlib
import hmac

import httpx
import idle_clock
import msgspec
import pytest

from gateway.clock import system_clock
from gateway.ids import CountingIds
from gateway.rail.simulator.app import Simulator
from gateway.rail.simulator.book import Book
from gateway.rail.simulator.in_process import SimulatorTransport
from gateway.rail.simulator.script import (
    ChargeAction,
    ChargeStep,
    Mix,
    Script,
    ScriptProblem,
    WebhookManner,
    load_script,
    parse_script,
)
from gateway.rail.simulator.webhooks import Messenger
from gateway.rail.webhook import is_genuine, read_event

FRAME = "apiVersion: gonogo/v1\nkind: RailScript\nmetadata: {name: x}\n"
BODY = {"payee": "pye_1", "amount": "100", "currency": "USD"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (FRAME + "spec: {forget_keys: true}\n", "forget_keys"),
        (FRAME + "spec: {charges: [{action: explode}]}\n", "explode"),
        (FRAME + "spec: {forgets_keys: true, forgets_keys: false}\n", "given twice"),
        (FRAME + "spec: {charges: [{action: ok, times: -1}]}\n", "times"),
        ("kind: RailScript\nspec: {}\n", "apiVersion"),
        ("spec: [", "expected"),
    ],
)
def test_a_script_that_is_not_quite_one_is_refused_with_its_file(tmp_path, text, says):
    """A misspelt fault must not pass for an honest rail."""
    path = tmp_path / "script.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScriptProblem, match=r"script\.yaml.*") as found:
        load_script(path)
    assert says in str(found.value)


def test_a_script_that_is_absent_is_named(tmp_path):
    """Instead of a traceback."""
    with pytest.raises(ScriptProblem, match=r"none\.yaml"):
        load_script(tmp_path / "none.yaml")


def test_a_mix_draws_the_same_for_the_same_seed():
    """Each number its action, whatever came before; all actions are drawn about as often as they weigh."""
    mix = Mix(7, {"ok": 3, "lost_reply_after": 1})
    drawn = [mix.choose(number) for number in range(400)]
    assert drawn == [mix.choose(number) for number in range(400)]
    assert 60 < drawn.count("lost_reply_after") < 140
    assert {Mix(1, {}).choose(n) for n in range(3)} == {"ok"}


class Rail:
    """A simulator asked by function call, which sends its events to `inbox`."""

    def __init__(self, folder, script) -> None:
        self.inbox = []
        self.refuse = 0
        self.book = Book(folder / "rail.db")
        messenger = Messenger(CountingIds(), "http://gateway/rail/webhooks", "secret", httpx.MockTransport(self._take))
        self.simulator = Simulator(self.book, script, messenger, system_clock, CountingIds())
        self.client = httpx.AsyncClient(transport=SimulatorTransport(self.simulator), base_url="http://rail")

    async def _take(self, request):
        if self.refuse:
            self.refuse -= 1
            return httpx.Response(503)
        self.inbox.append((request.headers["rail-signature"], await request.aread()))
        return httpx.Response(202)

    async def charge(self, key="key-1", **changes):
        """One charge."""
        return await self.client.post("/charges", headers={"idempotency-key": key}, json=BODY | changes)


def play(folder, script, scenario):
    """The result of a scenario against a simulator; its events have all been sent."""

    async def whole():
        rail = Rail(folder, script)
        try:
            result = await scenario(rail)
            await asyncio.gather(*rail.simulator._messenger._tasks, *rail.simulator._later)
            await asyncio.gather(*rail.simulator._messenger._tasks)
            return result, rail.inbox, rail.book.lines(0, 100)
        finally:
            await rail.client.aclose()
            await rail.simulator.close()
            rail.book.close()

    return idle_clock.run(whole())


def statuses(inbox):
    """What the delivered events say, in order."""
    return [read_event(body).status for _, body in inbox]


def test_the_same_key_is_the_same_charge_unless_the_script_forgets(tmp_path):
    """Idempotent by key, with a switch for the hostile case."""

    async def twice(rail):
        return [(await rail.charge()).json()["rail_id"] for _ in range(2)]

    for forgets, charges in ((False, 1), (True, 2)):
        folder = tmp_path / str(forgets)
        folder.mkdir()
        ids, _, lines = play(folder, Script(forgets_keys=forgets), twice)
        assert (len(set(ids)), len(lines)) == (charges, charges)


def test_the_same_key_for_another_charge_is_refused(tmp_path):
    """409, and the book has one line."""

    async def reuse(rail):
        await rail.charge()
        return (await rail.charge(amount="200")).status_code

    status, _, lines = play(tmp_path, Script(), reuse)
    assert (status, len(lines)) == (409, 1)


def test_a_book_survives_its_process(tmp_path):
    """What was charged is there when the rail is started again."""

    async def once(rail):
        return (await rail.charge()).status_code

    assert play(tmp_path, Script(), once)[0] == 201
    again, _, lines = play(tmp_path, Script(), once)
    assert (again, len(lines)) == (200, 1)


def test_a_decline_may_be_told_later_than_it_is_decided(tmp_path):
    """The book has it, and the caller waits still."""
    step = ChargeStep(ChargeAction.DECLINE, delay_ms=600_000)

    async def impatient(rail):
        asked = asyncio.create_task(rail.charge())
        for _ in range(100):  # turns of the loop: far more than it takes until the charge is in the book
            await asyncio.sleep(0)
        answered = asked.done()
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        return answered

    answered, _, lines = play(tmp_path, Script(charges=(step,)), impatient)
    assert (answered, [line.status for line in lines]) == (False, ["failed"])


def test_events_are_signed_so_that_only_the_secrets_holder_could_have_made_them(tmp_path):
    """HMAC-SHA256 over the raw bytes; one changed byte, another secret or no header is no signature."""
    _, inbox, _ = play(tmp_path, Script(), Rail.charge)
    signature, body = inbox[0]
    assert signature == "hmac-sha256=" + hmac.new(b"secret", body, hashlib.sha256).hexdigest()
    assert is_genuine("secret", body, signature)
    assert not is_genuine("other", body, signature)
    assert not is_genuine("secret", body + b" ", signature)
    assert not is_genuine("secret", body, None)


@pytest.mark.parametrize(
    ("manner", "expected"),
    [
        (WebhookManner(), ["pending", "succeeded"]),
        (WebhookManner(reordered=True), ["succeeded", "pending"]),
        (WebhookManner(copies=2), ["pending", "pending", "succeeded", "succeeded"]),
        (WebhookManner(delay_ms=20), ["pending", "succeeded"]),
        (WebhookManner(lost=True), []),
    ],
)
def test_events_come_as_the_script_says(tmp_path, manner, expected):
    """Once, doubled, disordered, late, or never."""
    _, inbox, _ = play(tmp_path, Script(webhook=manner), Rail.charge)
    assert statuses(inbox) == expected


def test_an_event_that_is_not_taken_is_sent_again_with_the_same_id(tmp_path):
    """503 is no receipt."""

    async def refused(rail):
        rail.refuse = 2
        await rail.charge()

    _, inbox, _ = play(tmp_path, Script(), refused)
    assert statuses(inbox) == ["pending", "succeeded"]
    assert len({read_event(body).event_id for _, body in inbox}) == 2


def test_a_pending_charge_has_no_line_until_it_is_decided(tmp_path):
    """By the control route, once; a success is never taken back."""

    async def decide(rail):
        told = [(await rail.charge()).json()["status"]]
        for verdict in ("failed", "succeeded", "failed"):
            answer = await rail.client.post("/control/charges/key-1", json={"status": verdict})
            told.append(answer.status_code)
        return told

    script = parse_script(b'{"charges": [{"action": "pending"}]}')
    told, inbox, lines = play(tmp_path, script, decide)
    assert told == ["pending", 200, 200, 409]
    assert [line.status for line in lines] == ["failed", "succeeded"]
    assert statuses(inbox) == ["pending", "failed", "succeeded"]


def test_a_late_success_comes_by_itself_after_its_delay(tmp_path):
    """Declined first; the book has both lines."""
    script = parse_script(b'{"charges": [{"action": "late_success", "delay_ms": 10}]}')
    answer, _, lines = play(tmp_path, script, Rail.charge)
    assert answer.json()["status"] == "failed"
    assert [line.status for line in lines] == ["failed", "succeeded"]


def test_the_counts_tell_effects_from_lost_replies(tmp_path):
    """Two effects, three replies withheld or spoiled, one of them before the effect."""
    actions = ("lost_reply_before", "lost_reply_after", "bad_gateway_after")
    script = parse_script(msgspec.json.encode({"charges": [{"action": action} for action in actions]}))

    async def lose(rail):
        with pytest.raises(httpx.ReadError):
            await rail.charge("key-1")
        with pytest.raises(httpx.ReadError):
            await rail.charge("key-2")
        assert (await rail.charge("key-3")).status_code == 502
        return (await rail.client.get("/control/counts")).json()

    counts, _, _ = play(tmp_path, script, lose)
    assert (counts["charge_requests"], counts["charges"], counts["lost_replies"]) == (3, 2, 3)


def test_the_rail_tells_how_often_it_was_asked_by_each_key(tmp_path):
    """A charge, the same again and a look-up are three; a look-up of what was never charged counts too."""

    async def ask(rail):
        for key in ("key-1", "key-1"):
            await rail.charge(key)
        for key in ("key-1", "key-2"):
            await rail.client.get(f"/charges/{key}")
        return (await rail.client.get("/control/asked")).json()

    assert play(tmp_path, Script(), ask)[0] == {"key-1": 3, "key-2": 1}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/charges", b"{}", 400),
        ("POST", "/charges", b'{"payee": "p", "amount": "1.5", "currency": "USD"}', 400),
        ("POST", "/control/script", b'{"chargse": []}', 400),
        ("POST", "/control/charges/none", b'{"status": "succeeded"}', 409),
        ("POST", "/control/nothing", b"{}", 404),
        ("GET", "/book?after=x", b"", 400),
        ("GET", "/nothing", b"", 404),
        ("GET", "/healthz", b"", 200),
    ],
)
def test_what_cannot_be_done_is_refused(tmp_path, method, path, body, status):
    """The rail is strict, too."""

    async def send(rail):
        return (await rail.client.request(method, path, content=body, headers={"idempotency-key": "key-1"})).status_code

    assert play(tmp_path, Script(), send)[0] == status
