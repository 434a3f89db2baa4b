"""Signing in, keys and people, killed before and after each durable step: one effect, the same answer, secrets derived again."""

import re

import pytest
from sim.access_specimens import ACCESS_PREPARE
from sim.oracle import check_books
from sim.world import Crash, Step, World

from gateway.access_key import token_sha256
from gateway.routes import access, keys

DAILY = (
    access.SIGN_IN,
    access.VERIFY,
    access.CONFIRM_ADDRESS,
    keys.CREATE_KEY,
    keys.ROTATE_KEY,
    keys.REVOKE_KEY,
    keys.BOOTSTRAP,
    keys.JOIN_TENANT,
)
STATEMENTS = 200
"""More statements than any of these requests has: dying at one of them is no death."""

CRASHES = (
    Crash(Step.BEFORE),
    Crash(Step.STATEMENT, 2),
    Crash(Step.STATEMENT, 6),
    Crash(Step.DECIDED),
    Crash(Step.COMMITTING),
    Crash(Step.COMMITTING, 5000),
    Crash(Step.COMMITTED),
)
TOKEN = re.compile(rb"gn[sgb]_[A-Za-z0-9_-]{43,}")
EFFECTS = {
    "revoked keys": "SELECT count(*) FROM api_keys WHERE revoked_at IS NOT NULL",
    "ended sessions": "SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL",
    "used codes": "SELECT count(*) FROM sign_ins WHERE used_at IS NOT NULL",
    "used bootstrap keys": "SELECT count(*) FROM bootstrap_keys WHERE used_at IS NOT NULL",
    "addresses": "SELECT group_concat(address) FROM (SELECT address FROM persons ORDER BY address)",
}
"""What a request does in addition to rows that it makes."""


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A world in which nothing has happened yet."""
    world = World(tmp_path_factory.mktemp("base"))
    yield world
    world.close()


@pytest.mark.parametrize("route", DAILY, ids=lambda route: route.kind)
def test_a_gateway_killed_while_somebody_signs_in_comes_back_to_one_effect(base, tmp_path, route):
    """At each durable step, and at two of its statements."""
    _try_all(base, tmp_path, route, CRASHES)


@pytest.mark.nightly
@pytest.mark.parametrize("route", ACCESS_PREPARE, ids=lambda route: route.kind)
def test_a_gateway_killed_at_any_statement_about_access_comes_back_to_one_effect(base, tmp_path, route):
    """Every route of access and of the house, at every statement, with commits torn at several places."""
    statements = [Crash(Step.STATEMENT, at) for at in range(STATEMENTS)]
    torn = [Crash(Step.COMMITTING, at) for at in (1, 4096, 1 << 20)]
    _try_all(base, tmp_path, route, (*CRASHES, *torn, *statements))


def _try_all(base: World, folder, route, crashes) -> None:
    (folder / "prepared").mkdir()
    prepared = base.twin(folder / "prepared")
    asked = ACCESS_PREPARE[route](prepared)
    request = asked.under("the key of them all")
    calm = _calm(prepared, folder, request)
    for number, crash in enumerate(crashes):
        (folder / str(number)).mkdir()
        world = prepared.twin(folder / str(number))
        died = _try(world, request, crash, calm, asked)
        world.close()
        if crash.step is Step.STATEMENT and not died:
            break
    prepared.close()


def _calm(prepared: World, folder, request) -> dict[str, object]:
    """What one request comes to, sent twice to a gateway that nobody kills."""
    (folder / "calm").mkdir()
    world = prepared.twin(folder / "calm")
    before = _effects(world)
    first, again = (world.serve([request]).answers[0] for _ in range(2))
    assert (first.status < 300, first.body, again.replayed) == (True, again.body, True), first.body
    found = _effects(world)
    assert found != before
    world.close()
    return found


def _try(world: World, request, crash: Crash, calm, asked) -> bool:
    """One trial; whether the process died in it."""
    served = world.serve([request], crash)
    told = served.answers[0].body if served.durable or served.delivered else None
    again = world.serve([request, request]).answers
    third = world.serve([request]).answers[0]
    bodies = {answer.body for answer in (*again, third)}
    assert len(bodies) == 1, "a replay repeats status and bytes"
    assert {answer.status < 300 for answer in (*again, third)} == {True}
    assert told is None or told == third.body, "what was durable when it died is what is repeated"
    assert _effects(world) == calm, "one effect, as of one calm request"
    if request.route.secret:
        _secrets_count(world, third.body)
    if asked.once:
        (other,) = world.serve([asked.under("a key of its own")]).answers
        assert other.status >= 400, other.body
    check_books(world.connection, world.signer_public)
    return not served.delivered


def _secrets_count(world: World, body: bytes) -> None:
    """Each secret of the answer is known to the database by its hash, and by nothing else."""
    found = TOKEN.findall(body)
    assert found
    tables = {b"gns_": "sessions", b"gng_": "api_keys", b"gnb_": "bootstrap_keys"}
    for token in found:
        table = tables[token[:4]]
        column = "token_sha256" if table == "sessions" else "key_sha256"
        sql = f"SELECT 1 FROM {table} WHERE {column} = ?"  # noqa: S608  # our own names
        assert world.connection.execute(sql, (token_sha256(token.decode()),)).fetchone() == (1,)
        assert token not in world.db.read_bytes()


def _effects(world: World) -> dict[str, object]:
    names = [row[0] for row in world.connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    counts = {name: world.connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}  # noqa: S608  # from the schema
    return counts | {name: world.connection.execute(sql).fetchone()[0] for name, sql in EFFECTS.items()}
