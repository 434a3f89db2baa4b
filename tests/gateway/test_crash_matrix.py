"""Every mutating operation, killed before and after each durable step, one key, other keys, another body, alone or in crowds.

Whatever the process had done when it died, its successor makes of the clients' repetitions what one calm request would have
come to: at most one effect for each key, the same bytes for each repetition, and books that agree.
"""

from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest
from gateway_specimens import TENANT_MUTATIONS
from sim.oracle import Snapshots, check_books
from sim.specimens import PREPARE, Specimen
from sim.world import Crash, Step, World

from gateway.idempotency.claim import Mutation

CROWDS = (1, 2, 16, 64)
FOLLOWING = ("the same key", "other keys", "another body")
STATEMENTS = 200
"""More statements than any of these batches has: dying at one of them is no death."""


CELLS = [pytest.param(prepare, id=f"{route.kind}-{n}") for route in TENANT_MUTATIONS for n, prepare in enumerate(PREPARE[route])]


@pytest.fixture(scope="module", params=CELLS)
def prepared(request, tmp_path_factory):
    """A world in which the operation can be asked for."""
    world = World(tmp_path_factory.mktemp("world"))
    specimen = request.param(world)
    yield world, specimen
    world.close()


@pytest.mark.parametrize("following", FOLLOWING)
@pytest.mark.parametrize("step", Step)
def test_a_killed_gateway_comes_back_to_one_effect(prepared, tmp_path, step, following):
    """For each crowd and each place within the step: one effect a key, equal bytes, books that agree."""
    crowds = CROWDS if following == FOLLOWING[0] else CROWDS[:-1]
    _try_all(prepared, tmp_path, step, following, crowds, {1})


@pytest.mark.nightly
@pytest.mark.parametrize("following", FOLLOWING)
def test_a_gateway_killed_at_any_statement_of_a_crowds_batch_comes_back_to_one_effect(prepared, tmp_path, following):
    """Every statement of every crowd's batch, not only of one request's; and the largest crowd at every other step."""
    for step in Step:
        (tmp_path / step.name).mkdir()
        _try_all(prepared, tmp_path / step.name, step, following, CROWDS if step is Step.STATEMENT else CROWDS[-1:], set(CROWDS))


def _try_all(prepared, tmp_path, step: Step, following: str, crowds: tuple[int, ...], thorough: set[int]) -> None:
    world, specimen = prepared
    number = 0
    for crowd in crowds:
        for crash in _crashes(step, thorough=crowd in thorough):
            number += 1
            folder = tmp_path / str(number)
            folder.mkdir()
            trial = world.twin(folder)
            died = _try(trial, specimen, following, crowd, crash)
            trial.close()
            if step is Step.STATEMENT and not died:
                break
    assert number >= len(crowds)


def _crashes(step: Step, *, thorough: bool) -> Iterator[Crash]:
    """At every statement, or at a few; torn commits at several places of what was written."""
    places = {Step.STATEMENT: range(STATEMENTS) if thorough else (2, 7, 13), Step.COMMITTING: (0, 5000, 1 << 20)}
    for at in places.get(step, (0,)):
        yield Crash(step, at)


def _try(world: World, specimen: Specimen, following: str, crowd: int, crash: Crash) -> bool:
    """One trial; whether the process died in it."""
    requests = _requests(world, specimen, following, crowd)
    snapshots = Snapshots()
    snapshots.look(world.connection)
    served = world.serve(requests, crash)
    told = _told(requests, served.answers) if served.durable or served.delivered else {}
    again = world.serve(requests[::-1]).answers
    repeated = _told(requests[::-1], again)
    for request, found in repeated.items():
        assert told.get(request, found) == found, "what was durable when it died is what is repeated"
    third = _told(requests, world.serve(requests).answers)
    assert third == repeated, "a replay repeats status and bytes"
    _one_effect_a_key(world, specimen, requests, repeated)
    check_books(world.connection, world.signer_public)
    snapshots.look(world.connection)
    return not served.delivered


def _requests(world: World, specimen: Specimen, following: str, crowd: int) -> list[Mutation]:
    """The first request, and those that come with it."""
    rest = range(1, crowd)
    first = specimen.ask(world, "first")
    if following == "the same key":
        return [first for _ in range(crowd)]
    if following == "other keys":
        return [first, *(specimen.ask(world, f"other-{number}") for number in rest)]
    return [first, *(specimen.ask(world, "first", other=number % 2 == 1) for number in rest)]


Told = dict[tuple[str, bytes], tuple[int, bytes]]


def _told(requests: list[Mutation], answers: list) -> Told:
    """What each request, known by key and body, was answered; one request is answered in one way."""
    told: Told = {}
    for request, answer in zip(requests, answers, strict=True):
        found = told.setdefault((request.key, request.body), (answer.status, answer.body))
        assert found == (answer.status, answer.body), f"{request.key} was answered in two ways at once"
    return told


def _one_effect_a_key(world: World, specimen: Specimen, requests: list[Mutation], told: Told) -> None:
    """One operation a key in the journal; of those that exclude each other one wins, of two bodies under a key one is refused."""
    rows = world.connection.execute("SELECT key FROM operations WHERE route = ? AND key IS NOT NULL", (specimen.route.name,))
    counts = Counter(key for (key,) in rows)
    keys = {request.key for request in requests}
    assert all(counts[key] == 1 for key in keys), counts
    statuses = Counter(status for status, _ in told.values())
    wins = sum(count for status, count in statuses.items() if status < 300)
    assert wins == (1 if specimen.once else len(keys)), statuses
    assert statuses[422] == len(told) - len(keys), statuses
    assert not any(status >= 500 for status in statuses), statuses
    for status, body in told.values():
        assert status < 300 or msgspec.json.decode(body)["money_moved"] == "no"
