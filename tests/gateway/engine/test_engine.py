"""The engine under concurrency and under failing storage."""

import asyncio
import shutil
import sqlite3

import msgspec
import pytest

from gateway import package_dir
from gateway.build import build_sha256
from gateway.commands import Pause, PutPolicy, Reserve, Resume, Settle
from gateway.engine.engine import Engine
from gateway.errors import Code
from gateway.idempotency.claim import Mutation
from gateway.ids import CountingIds
from gateway.routes import PAUSE, PUT_POLICY, RESERVE, RESUME, SETTLE
from gateway.settings import Settings


def mutation(principal, route, command, key, *path_ids):
    """A request ready to be decided."""
    return Mutation(route, principal, path_ids, key.ljust(16, "-"), "", command, msgspec.json.encode(command), "request-1")


def body(answer):
    """An answer's body as plain values."""
    return msgspec.json.decode(answer.body)


def run(desk, scenario, **settings):
    """Run a coroutine against an engine on the desk's database."""

    async def whole():
        engine = Engine.open(Settings(db=desk.db, ids=CountingOn(), **settings))
        await engine.start()
        try:
            return await scenario(engine, desk.principal())
        finally:
            await engine.drain()

    return asyncio.run(whole())


class CountingOn(CountingIds):
    """Counted ids that do not meet the demo data's."""

    def suffix(self):
        return "e" + super().suffix()[1:]


def reserve_command(desk, amount="1000"):
    """A reserve that the demo policy allows."""
    return Reserve(desk.demo.wallet_id, desk.demo.payee_ids[0], amount, "USD")


def test_sixty_four_settles_at_once_with_different_keys_settle_once(desk):
    """One wins, the others are told that it is settled; the payee is credited once."""

    async def scenario(engine, agent):
        made = await engine.mutate(mutation(agent, RESERVE, reserve_command(desk), "k"))
        payment_id = body(made)["payment"]["payment_id"]
        return await asyncio.gather(
            *(engine.mutate(mutation(agent, SETTLE, Settle(), f"settle-{n}", payment_id)) for n in range(64))
        )

    answers = run(desk, scenario)
    assert sorted(answer.status for answer in answers) == [200] + [409] * 63
    assert desk.balances() == {"available": 99_999_000, "held": 0, "payable": 1000}


def test_a_pause_and_a_new_policy_count_for_what_stands_behind_them_in_the_same_batch(desk):
    """Modes and policies are read once a batch, but anew after an administrator's command."""

    async def scenario(engine, agent):
        operator, admin = desk.principal("operator"), desk.principal("tenant_admin")
        asked = (
            (agent, RESERVE, reserve_command(desk)),
            (operator, PAUSE, Pause(reason="drill")),
            (agent, RESERVE, reserve_command(desk)),
            (operator, RESUME, Resume(reason="over")),
            (admin, PUT_POLICY, PutPolicy("USD", per_payment_max="10")),
            (agent, RESERVE, reserve_command(desk)),
        )
        return await asyncio.gather(*(engine.mutate(mutation(*what, f"same-batch-{n}")) for n, what in enumerate(asked)))

    answers = run(desk, scenario)
    assert [answer.outcome for answer in answers] == ["ok", "ok", Code.PAUSED, "ok", "ok", Code.POLICY_DENIED]


def test_sixty_four_requests_at_once_with_one_key_get_one_answer(desk):
    """All bytes are equal, exactly one of the answers is the first."""

    async def scenario(engine, agent):
        request = mutation(agent, RESERVE, reserve_command(desk), "one-key")
        return await asyncio.gather(*(engine.mutate(request) for _ in range(64)))

    answers = run(desk, scenario)
    assert len({answer.body for answer in answers}) == 1
    assert [answer.replayed for answer in answers].count(False) == 1
    assert desk.balances()["held"] == 1000


def test_concurrent_settle_and_reverse_have_one_winner(desk):
    """Whoever loses is told the state, and the money is in one place."""
    from gateway.commands import Reverse
    from gateway.routes import REVERSE

    async def scenario(engine, agent):
        made = await engine.mutate(mutation(agent, RESERVE, reserve_command(desk), "k"))
        payment_id = body(made)["payment"]["payment_id"]
        return await asyncio.gather(
            engine.mutate(mutation(agent, REVERSE, Reverse(reason="r"), "rev", payment_id)),
            engine.mutate(mutation(agent, SETTLE, Settle(), "set", payment_id)),
        )

    reversed_, settled = run(desk, scenario)
    assert (reversed_.status, body(settled)["code"]) == (200, "already_released")
    assert desk.balances() == {"available": 100_000_000, "held": 0, "payable": 0}


def test_a_wallet_cannot_be_spent_twice_by_requests_at_once(desk):
    """Holds never exceed what was available, however many ask together."""

    async def scenario(engine, agent):
        requests = (mutation(agent, RESERVE, reserve_command(desk, "100000"), f"k{n}") for n in range(1200))
        return await asyncio.gather(*(engine.mutate(request) for request in requests))

    answers = run(desk, scenario)
    assert [answer.status for answer in answers].count(201) == 1000
    assert {body(answer)["code"] for answer in answers if answer.status != 201} <= {"policy_denied", "insufficient_funds"}
    assert desk.balances() == {"available": 0, "held": 100_000_000, "payable": 0}


def test_one_defective_request_does_not_take_its_batch_with_it(desk, monkeypatch):
    """The request that raises is answered with 500 and no money moved; the others in its batch are decided."""
    import gateway.engine.execute as module

    def fragile(tx, request, wanted, context):
        if request.key.startswith("bad"):
            tx.count("x", ["y"], 1, 1)
            raise RuntimeError("a defect")
        return real(tx, request, wanted, context)

    real = module.execute
    monkeypatch.setattr(module, "execute", fragile)

    async def scenario(engine, agent):
        keys = ["good-1", "bad", "good-2"]
        return await asyncio.gather(*(engine.mutate(mutation(agent, RESERVE, reserve_command(desk), key)) for key in keys))

    good, bad, other = run(desk, scenario)
    assert (good.status, bad.status, other.status) == (201, 500, 201)
    assert (body(bad)["code"], body(bad)["money_moved"], body(bad)["retry"]["action"]) == ("internal", "no", "same_key")
    assert desk.connection.execute("SELECT count(*) FROM counters WHERE tenant_id = 'x'").fetchone() == (0,)


def test_a_locked_database_is_told_and_the_same_key_works_afterwards(desk):
    """Another program's lock gives 503 storage_busy; nothing is stored, so the retry decides."""

    async def scenario(engine, agent):
        request = mutation(agent, RESERVE, reserve_command(desk), "k")
        other = sqlite3.connect(desk.db, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        busy = await engine.mutate(request)
        other.execute("ROLLBACK")
        other.close()
        return busy, await engine.mutate(request)

    busy, done = run(desk, scenario, lock_wait_s=0.05)
    assert (busy.status, body(busy)["code"], body(busy)["money_moved"]) == (503, Code.STORAGE_BUSY, "no")
    assert dict(busy.headers)["Retry-After"] == "1"
    assert (done.status, done.replayed) == (201, False)


def test_a_full_disk_is_told_and_loses_nothing(desk):
    """When pages run out the batch is refused whole; once there is room the same key decides."""

    async def scenario(engine, agent):
        pages = engine._store._writer.execute("PRAGMA page_count").fetchone()[0]
        engine._store._writer.execute(f"PRAGMA max_page_count = {pages + 2}")
        answers = [await engine.mutate(mutation(agent, RESERVE, reserve_command(desk), f"k{n}")) for n in range(40)]
        engine._store._writer.execute("PRAGMA max_page_count = 1000000")
        again = [await engine.mutate(mutation(agent, RESERVE, reserve_command(desk), f"k{n}")) for n in range(40)]
        return answers, again

    answers, again = run(desk, scenario)
    full = [answer for answer in answers if answer.status == 503]
    assert full
    assert {body(answer)["code"] for answer in full} == {"storage_full"}
    assert all(answer.status == 201 for answer in again)
    assert [answer.replayed for answer in again] == [answer.status == 201 for answer in answers]
    assert desk.balances()["held"] == 40_000


def test_paused_refuses_new_reserves_only_and_does_not_stick_to_the_key(desk):
    """Settles of open holds work while paused; the refused key decides after resuming."""

    async def scenario(engine, agent):
        operator = desk.principal("operator")
        held = await engine.mutate(mutation(agent, RESERVE, reserve_command(desk), "before"))
        await engine.mutate(mutation(operator, PAUSE, Pause(reason="drill"), "pause"))
        status = engine.status(agent)
        refused = await engine.mutate(mutation(agent, RESERVE, reserve_command(desk), "during"))
        settled = await engine.mutate(mutation(agent, SETTLE, Settle(), "settle", body(held)["payment"]["payment_id"]))
        await engine.mutate(mutation(operator, RESUME, Resume(reason="over"), "resume"))
        return status, refused, settled, await engine.mutate(mutation(agent, RESERVE, reserve_command(desk), "during"))

    status, refused, settled, after = run(desk, scenario)
    assert (status.mode, "drill" in status.message) == ("paused", True)
    assert (refused.status, body(refused)["code"], settled.status, after.status) == (503, "paused", 200, 201)


def test_a_draining_engine_finishes_what_it_took_and_refuses_the_rest(desk):
    """Requests taken before the drain are durable; later ones are told to come back with the same key."""

    async def scenario(engine, agent):
        taken = [asyncio.ensure_future(engine.mutate(mutation(agent, RESERVE, reserve_command(desk), f"k{n}"))) for n in range(8)]
        await asyncio.sleep(0)
        engine.draining = True
        late = await engine.mutate(mutation(agent, RESERVE, reserve_command(desk), "late"))
        return await asyncio.gather(*taken), late

    taken, late = run(desk, scenario)
    assert all(answer.status == 201 for answer in taken)
    assert (late.status, body(late)["code"]) == (503, "draining")
    assert desk.balances()["held"] == 8000


@pytest.mark.parametrize("content", [b"this is not a database at all, not even nearly", b""])
def test_a_database_file_that_is_not_one_is_refused_with_its_name(tmp_path, content):
    """A corrupt file is named and left as it is; an empty file is a new database."""
    from gateway.errors import StartProblem
    from gateway.store.migrations import migrate

    path = tmp_path / "g.db"
    path.write_bytes(content)
    if content:
        with pytest.raises(StartProblem, match=r"g\.db: not a usable SQLite database"):
            migrate(path)
        assert path.read_bytes() == content
    else:
        assert migrate(path) == ("m001_first_release", "m002_expand_access")


def test_a_newer_schema_is_run_on_if_it_only_expands_and_refused_otherwise(desk):
    """Rolling back the release must not need rolling back the database."""
    from gateway.errors import StartProblem
    from gateway.store.migrations import migrate

    insert = "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('gateway', ?, 'now')"
    desk.connection.execute(insert, ("m900_expand_notes",))
    assert migrate(desk.db) == ()
    desk.connection.execute(insert, ("m901_contract",))
    with pytest.raises(StartProblem, match="m901_contract"):
        migrate(desk.db)


ALTERED = {
    "trigger movements_stay": "DROP TRIGGER movements_stay",
    "index operations_by_suffix": "DROP INDEX operations_by_suffix",
    "table wallets": "ALTER TABLE wallets ADD COLUMN colour TEXT",
    "trigger extra": "CREATE TRIGGER extra AFTER INSERT ON movements BEGIN UPDATE accounts SET balance = 0; END",
}


@pytest.mark.parametrize("named", ALTERED)
def test_a_database_whose_walls_are_not_ours_is_refused_with_what_differs(desk, named):
    """Another build's, or one that somebody has altered: what holds when code is wrong may be missing."""
    from gateway.errors import StartProblem
    from gateway.store.migrations import migrate

    desk.connection.execute(ALTERED[named])
    with pytest.raises(StartProblem, match=f"not as this release makes it: {named}; start the build that made it"):
        migrate(desk.db)


def test_of_many_differences_a_few_are_named(desk):
    """One is enough to know, all of them would fill the screen."""
    from gateway.errors import StartProblem
    from gateway.store.migrations import migrate

    for name in ("votes_stay", "keys_stay", "movements_stay", "operations_stay", "payments_stay"):
        desk.connection.execute(f"DROP TRIGGER {name}")
    with pytest.raises(StartProblem, match="it: trigger keys_stay, trigger movements_stay, trigger operations_stay and 2 more;"):
        migrate(desk.db)


def test_what_operators_and_newer_releases_add_is_no_difference(desk):
    """An index for somebody's own queries; and after a migration that expands, wider tables and further triggers."""
    from gateway.store.migrations import migrate

    desk.connection.execute("CREATE INDEX mine ON payments (created_at)")
    assert migrate(desk.db) == ()
    insert = "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('gateway', 'm900_expand_notes', 'now')"
    desk.connection.execute(insert)
    desk.connection.execute(ALTERED["table wallets"])
    desk.connection.execute(ALTERED["trigger extra"])
    assert migrate(desk.db) == ()


def test_the_build_digest_covers_the_whole_package(desk, tmp_path):
    """A changed byte anywhere below gateway/, the schema's too, is another build: evidence names it by this digest."""

    async def scenario(engine, _agent):
        return engine.build

    served = run(desk, scenario)
    assert served == build_sha256(package_dir())
    copy = shutil.copytree(package_dir(), tmp_path / "gateway", ignore=shutil.ignore_patterns("__pycache__"))
    assert build_sha256(copy) == served
    with (copy / "store" / "schema.sql").open("a", encoding="utf-8") as file:
        file.write(" ")
    assert build_sha256(copy) != served
