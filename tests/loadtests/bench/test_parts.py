"""The parts of a run: cores, what PostgreSQL is run as, commits in an exposition, what is missing."""

from pathlib import Path

import pytest

from gates.schema.errors import UnknownProblem, UsageProblem
from loadtests.bench.command import choose_generator
from loadtests.bench.fleet import require_room
from loadtests.bench.gateway_station import read_commits
from loadtests.bench.needs import require
from loadtests.bench.peers import settling
from loadtests.bench.postgres import find_postgres
from loadtests.bench.requests import http_request
from loadtests.bench.samples import Commits
from loadtests.practice.cores import share_out


@pytest.mark.parametrize(
    ("cores", "server", "generator", "database"),
    [((), (), (), ()), ((3,), (3,), (3,), (3,)), ((0, 1), (0, 1), (1,), (0, 1)), ((4, 5, 6, 7), (4, 5, 6), (7,), (4, 5, 6))],
)
def test_services_have_every_core_but_the_generators_unless_there_are_only_two(cores, server, generator, database):
    """A service of two processes may use both of two cores; with one, everything shares it."""
    found = share_out(cores)
    assert (found.server, found.generator, found.database) == (frozenset(server), frozenset(generator), frozenset(database))
    assert found.apart == (len(cores) > 1)


def test_a_folder_without_postgresql_is_said_to_be_that(tmp_path):
    """The rows that need it are not run; nothing else is looked for once a folder was named."""
    with pytest.raises(UnknownProblem, match="not run: there is no PostgreSQL"):
        find_postgres(tmp_path)


def test_a_package_that_is_missing_is_named():
    """What the extra brings, and what would bring it."""
    require(("litestar",))
    with pytest.raises(UnknownProblem, match="not run: nobody_has_this not installed"):
        require(("litestar", "nobody_has_this"))


def test_a_disk_without_room_is_not_filled(tmp_path):
    """Where the small database takes a megabyte, ten billion payments are refused before the first is stored."""
    (tmp_path / "database").write_bytes(bytes(10**6))
    require_room(tmp_path, tmp_path, 20_000)
    with pytest.raises(UnknownProblem, match="not run: needs about 1500 GB of disk"):
        require_room(tmp_path, tmp_path, 10_000_000_000)


EXPOSITION = """
# TYPE gateway_commit_seconds histogram
gateway_commit_seconds_bucket{le="0.005"} 90.0
gateway_commit_seconds_bucket{le="0.015"} 97.0
gateway_commit_seconds_bucket{le="+Inf"} 100.0
gateway_commit_seconds_count 100.0
gateway_commit_seconds_sum 1.5
"""


def test_slow_commits_are_those_above_the_bucket_of_15_ms():
    """All of them less those at or below 15 ms."""
    assert read_commits(EXPOSITION, "gateway_commit_seconds") == Commits(100, 3)


def test_a_service_without_that_histogram_has_no_count_of_commits():
    """Neither another name nor a histogram without the bucket counts as none."""
    assert read_commits(EXPOSITION, "another_seconds") is None
    assert read_commits('x_bucket{le="+Inf"} 1.0\nx_count 1.0', "x") is None


def test_a_request_is_whole():
    """Head, empty line, body, and a length that fits it."""
    request = http_request("POST", "/a", {"K": "v"}, b"{}")
    assert (
        request == b"POST /a HTTP/1.1\r\nHost: 127.0.0.1\r\nK: v\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )


def test_wrk_by_name_is_wrk_or_a_clear_refusal(tmp_path, monkeypatch):
    """A run that asks for wrk does not quietly use something else; one that does not ask takes what is there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageProblem, match="wrk is not on the PATH"):
        choose_generator("wrk", tmp_path)
    assert choose_generator("auto", tmp_path).name.startswith("own generator")


RESERVED = settling.Payment("pay_1", 3, 4, "reserved", 2, "00")


def test_a_peers_settle_moves_three_accounts_that_add_up():
    """Held goes down by the hold, the payee gets the amount, the wallet the rest."""
    done = settling.settle(RESERVED, "1", "ff")
    assert isinstance(done, settling.Settled)
    assert [(leg.account, leg.amount) for leg in done.postings] == [
        ("wallet/3/held", -2), ("payee/4/payable", 1), ("wallet/3/available", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("payment", "amount", "status"),
    [(None, "1", 404), (settling.Payment("p", 1, 1, "settled", 2, ""), "1", 409), (RESERVED, "3", 422), (RESERVED, "x", 422)],
)
def test_a_peer_refuses_what_cannot_be_settled(payment, amount, status):
    """No payment, already settled, more than the hold, no amount at all."""
    refused = settling.settle(payment, amount, "ff")
    assert isinstance(refused, settling.Refused)
    assert refused.status == status


def test_prepared_payments_use_accounts_that_exist():
    """Every wallet and payee of a prepared payment has its accounts."""
    names = set(settling.account_names())
    for number in range(100):
        row = settling.reserved(number)
        assert {f"wallet/{row['wallet']}/held", f"wallet/{row['wallet']}/available", f"payee/{row['payee']}/payable"} <= names


def test_every_peer_can_be_made():
    """Each name that can be started has its file, and the function in it."""
    from loadtests.bench.peers.__main__ import PEERS

    folder = Path(settling.__file__).parent
    for place in PEERS.values():
        module, _, function = place.partition(":")
        assert f"def {function}(database: str, payments: int)" in (folder / f"{module.rpartition('.')[2]}.py").read_text()
