"""The proxy itself: `python -m drills.network.proxy HOST PORT`, until SIGTERM; it prints one line when it listens.

Its control port takes lines: an empty one, or a rule as JSON, which is then in force; it answers each with its state.
"""

import asyncio
import contextlib
import signal
import socket
import struct
import sys

import msgspec

from drills.network.rule import Counts, Ready, Rule, State

_PIECE = 65_536


class Proxy:
    """All connections of one proxy, and the rule that holds for them now."""

    def __init__(self, host: str, port: int) -> None:
        self.rule, self.counts = Rule(), Counts()
        self._upstream = (host, port)
        self._links: set[_Link] = set()
        self._pieces = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, until either side closes."""
        self.counts.connections += 1
        if self.rule.refuse:
            self.counts.refused += 1
            _reset(writer)
            return
        try:
            other_reader, other_writer = await asyncio.open_connection(*self._upstream)
        except OSError:
            _reset(writer)
            return
        link = _Link(writer, other_writer)
        self._links.add(link)
        self.counts.open += 1
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pass_on(link, "requests", reader, other_writer))
                tasks.create_task(self._pass_on(link, "responses", other_reader, writer))
        finally:
            link.abort()
            self._links.discard(link)
            self.counts.open -= 1

    async def _pass_on(self, link: "_Link", direction: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(_PIECE):
                number, self._pieces, rule = self._pieces, self._pieces + 1, self.rule
                if rule.delays(direction):
                    self.counts.delayed += 1
                    await asyncio.sleep(rule.wait_s(number))
                if self.rule.loses(direction):
                    self.counts.lost += 1
                    link.torn = True
                    continue
                self.counts.passed += 1
                writer.write(piece)
                await writer.drain()
        if link.torn:
            return  # what comes after lost bytes would be read as their end
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()

    def impose(self, rule: Rule) -> None:
        """Let another rule be in force; connections that lost bytes, and all where it refuses, are reset."""
        self.rule = rule
        for link in [link for link in self._links if rule.refuse or (link.torn and rule.lose is None)]:
            self.counts.refused += rule.refuse
            link.abort()

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Lines in, states out."""
        while line := await reader.readline():
            if line.strip():
                self.impose(msgspec.json.decode(line, type=Rule))
            writer.write(msgspec.json.encode(State(self.rule, self.counts)) + b"\n")
            await writer.drain()
        writer.close()


class _Link:
    """The two ends of one connection; `torn` once bytes of it were lost."""

    def __init__(self, client: asyncio.StreamWriter, upstream: asyncio.StreamWriter) -> None:
        self.torn = False
        self._ends = (client, upstream)

    def abort(self) -> None:
        """Reset both ends; a client or server that waits for an answer gets an error now."""
        for end in self._ends:
            _reset(end)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST in place of FIN, which a peer could read as a regular end; does nothing to a closed connection."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _main(host: str, port: int) -> None:
    proxy, ended = Proxy(host, port), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, backlog=2048)
    control = await asyncio.start_server(proxy.control, "127.0.0.1", 0)
    ports = [server.sockets[0].getsockname()[1] for server in (listening, control)]
    sys.stdout.write(msgspec.json.encode(Ready(*ports)).decode() + "\n")
    sys.stdout.flush()
    await ended.wait()
    proxy.impose(Rule(refuse=True))
    listening.close()
    control.close()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2])))
