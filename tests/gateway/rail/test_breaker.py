"""The circuit breaker, under a clock that is set by hand."""

from gateway.rail.breaker import Breaker


class Fixture:
    """A breaker that opens after three failures, and what it told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.told = []
        self.breaker = Breaker(lambda: self.now, self.told.append, failures=3, cool_off_s=5.0)


def test_it_opens_after_failures_in_a_row_only():
    """An answer in between starts the count anew."""
    made = Fixture()
    for _ in range(2):
        made.breaker.failed()
    made.breaker.answered()
    for _ in range(2):
        made.breaker.failed()
    assert (made.breaker.open, made.breaker.room(32), made.told) == (False, 32, [])
    made.breaker.failed()
    assert (made.breaker.open, made.breaker.room(32), made.told) == (True, 0, [True])


def test_after_the_cool_off_one_call_tries():
    """If it fails, everybody waits once more; nobody is told again."""
    made = Fixture()
    for _ in range(3):
        made.breaker.failed()
    made.now = 5.0
    assert made.breaker.room(32) == 1
    made.breaker.failed()
    assert (made.breaker.room(32), made.told) == (0, [True])


def test_an_answer_closes_it():
    """All calls may be made again, and the change is told once."""
    made = Fixture()
    for _ in range(3):
        made.breaker.failed()
    made.now = 5.0
    made.breaker.answered()
    made.breaker.answered()
    assert (made.breaker.open, made.breaker.room(32), made.told) == (False, 32, [True, False])
