"""The clock under which the rail's tests run: deadlines depend on what is waited for, and on nothing else."""

import asyncio

import idle_clock
import pytest

TURNS = 1000


def test_what_is_computed_takes_no_time():
    """A rail that answers without waiting is never late, however slow the machine is."""

    async def busy():
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(0.001):
            for _ in range(TURNS):
                await asyncio.sleep(0)
        return loop.time()

    assert idle_clock.run(busy()) == 0.0


def test_what_is_waited_for_takes_its_time_to_the_second_and_the_shorter_wait_ends_first():
    """An hour's deadline over a day's wait is over after an hour, which nobody waits for."""

    async def waits():
        loop = asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await asyncio.sleep(86_400)
        late = loop.time()
        async with asyncio.timeout(3600):
            await asyncio.sleep(1800)
        return late, loop.time()

    assert idle_clock.run(waits()) == (3600.0, 5400.0)


def test_tasks_that_wait_for_each_other_fail_instead_of_hanging():
    """There is no timer, and nothing from outside that could wake them."""
    with pytest.raises(AssertionError, match="every task waits for another one"):
        idle_clock.run(asyncio.Event().wait())
