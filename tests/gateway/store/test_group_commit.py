"""The group commit of a process that does nothing else: it commits in the loop, and still lets answers out in between."""

import asyncio

from gateway.store.connections import open_writer
from gateway.store.group_commit import GroupCommit


class Caller:
    """Told like the front process: what it is told leaves in the loop's next turn."""

    def __init__(self, diary):
        self.diary = diary

    def done(self):
        """It waits."""
        return False

    def set_result(self, result):
        """The answer leaves as soon as the loop comes round."""
        asyncio.get_running_loop().call_soon(self.diary.append, f"sent {result}")

    def set_exception(self, exception):
        """A test that gets here has failed."""
        raise exception


def test_an_answer_leaves_before_the_next_batch_is_decided(tmp_path):
    """Three batches of one, queued at once."""
    diary = []

    async def work():
        writer = open_writer(tmp_path / "work.db")

        def decide(requests):
            diary.extend(f"decide {request}" for request in requests)
            return list(requests)

        commit = GroupCommit(writer, decide, lock_wait_s=1.0, max_batch=1)
        commit.in_loop = True
        commit.between = lambda requests: diary.append(f"between {requests}")
        commit.start()
        for name in "abc":
            commit.enqueue(name, Caller(diary))
        await commit.drain()
        writer.close()

    asyncio.run(work())
    assert diary == [
        f"{what} {name}" for letter in "abc" for what, name in (("decide", letter), ("sent", letter), ("between", 1))
    ]
