"""A limit on how long something may take as a whole; the limits of a connection count each byte's wait alone."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class DeadlinePassed(Exception):
    """It was not over within the limit; what was begun may still be carried out."""


def within(limit_s: float, work: Callable[[], T]) -> T:
    """What `work` returns or raises, or DeadlinePassed after `limit_s` seconds.

    The work is done in a thread of its own. One that is late is left behind: it does not keep the process from ending.
    """
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001  # it is raised where the result is read
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return done.result(limit_s)
    except TimeoutError:
        if done.done():  # the work itself ended so
            raise
        raise DeadlinePassed from None
