"""Keeping a service writing: a few clients that pay and settle without a pause, for as long as a block runs."""

import contextlib
from collections.abc import Iterator
from itertools import count
from threading import Event, Thread

from gates.schema.errors import UnknownProblem
from loadtests.hostile.play.payout_client import Desk

_CLIENTS = 6


@contextlib.contextmanager
def writing(desk: Desk, key: str) -> Iterator[None]:
    """Have clients pay the first payee one minor unit again and again; what they were asked last is answered when it ends."""
    enough = Event()

    def pay(number: int) -> None:
        with contextlib.suppress(UnknownProblem):  # a refusal ends one client, not the run
            for at in count():
                if enough.is_set():
                    return
                desk.fund(f"{key}-{number}-{at}", desk.accounts.payee_ids[0], 1)

    clients = [Thread(target=pay, args=(number,), daemon=True) for number in range(_CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield
    finally:
        enough.set()
        for client in clients:
            client.join()
