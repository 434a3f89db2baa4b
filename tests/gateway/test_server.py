"""The server's own parts: one write an answer."""

import asyncio

from gateway.protocol import JoinedWrites


class Wire:
    """A transport that notes what reaches it."""

    def __init__(self):
        self.written, self.closed = [], False

    def write(self, data):
        """One system call."""
        self.written.append(data)

    def close(self):
        """Nothing can be written from now on."""
        self.closed = True

    def is_closing(self):
        """Whether that is so."""
        return self.closed

    def get_extra_info(self, name):
        """Something that is passed on."""
        return name


def written(use):
    """What reaches the wire when `use` was called with the joined one and the loop has come round."""

    async def work():
        wire = Wire()
        use(JoinedWrites(wire, asyncio.get_running_loop()))
        await asyncio.sleep(0)
        return wire

    return asyncio.run(work())


def test_head_and_body_leave_in_one_write():
    """In their order; the rest of a transport is as it was."""

    def use(joined):
        joined.write(b"head ")
        joined.write(b"body")
        assert joined.get_extra_info("peername") == "peername"
        assert not joined.is_closing()

    assert written(use).written == [b"head body"]


def test_what_was_written_leaves_before_the_connection_closes():
    """And only once."""

    def use(joined):
        joined.write(b"last words")
        joined.close()

    wire = written(use)
    assert (wire.written, wire.closed) == ([b"last words"], True)


def test_nothing_is_written_to_a_connection_that_is_gone():
    """The caller hung up while the answer was being made."""

    def use(joined):
        joined.write(b"too late")
        joined._transport.closed = True

    assert written(use).written == []
