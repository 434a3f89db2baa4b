"""One file of a drill's disk, twice: as programs see it, and as the disk has it, with the writes between the two."""

from dataclasses import dataclass, field

from gates.schema.canonical import sha256_hex

BLOCK = 4096


@dataclass(eq=False)
class File:
    """What programs see, what the disk has, and the unsynced writes in their order.

    `forgotten` are the blocks of a failed sync. Linux marks them clean: programs still see them, and no later sync writes them
    unless somebody writes to the block again.
    """

    live: bytearray = field(default_factory=bytearray)
    disk: bytearray = field(default_factory=bytearray)
    unsynced: list[tuple[int, bytes | None]] = field(default_factory=list)
    forgotten: set[int] = field(default_factory=set)

    @property
    def blocks(self) -> int:
        """The blocks that it takes up."""
        return blocks_of(len(self.live))

    def write(self, offset: int, data: bytes) -> None:
        """A write that only programs see."""
        _put(self.live, offset, data)
        self.unsynced.append((offset, data))
        touched = range(offset // BLOCK, blocks_of(offset + len(data)))
        for block in sorted(self.forgotten.intersection(touched)):
            self.forgotten.discard(block)
            self.unsynced.append((block * BLOCK, bytes(self.live[block * BLOCK : (block + 1) * BLOCK])))

    def truncate(self, size: int) -> None:
        """A new length that only programs see."""
        _cut(self.live, size)
        self.unsynced.append((size, None))
        self.forgotten = {block for block in self.forgotten if block * BLOCK < size}

    def sync(self) -> None:
        """All writes so far reach the disk, but for those of a failed sync."""
        for offset, data in self.unsynced:
            _apply(self.disk, offset, data)
        self.unsynced.clear()

    def fail_sync(self) -> int:
        """No write since the last sync reaches the disk, and none is unsynced any more; returns how many there were."""
        lost = len(self.unsynced)
        for offset, data in self.unsynced:
            self.forgotten.update(range(offset // BLOCK, blocks_of(offset + len(data or b""))))
        self.unsynced.clear()
        return lost

    def lose_power(self, seed: int) -> int:
        """Keep what the disk has, and the unsynced writes that the seed keeps; returns how many writes were not synced.

        Seed 0 keeps none; another number keeps some blocks, in no order, because disks keep no order.
        """
        lost = len(self.unsynced)
        for number, (offset, data) in enumerate(self.unsynced if seed else ()):
            for start in range(0, len(data or b""), BLOCK):
                if sha256_hex(f"{seed}/{number}/{offset + start}".encode()) < "8":
                    _put(self.disk, offset + start, (data or b"")[start : start + BLOCK])
        self.unsynced.clear()
        self.forgotten.clear()
        self.live = bytearray(self.disk)
        return lost


def blocks_of(size: int) -> int:
    """How many blocks so many bytes take up."""
    return -(-size // BLOCK)


def _put(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _cut(content: bytearray, size: int) -> None:
    del content[size:]
    content.extend(bytes(size - len(content)))


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        _cut(content, offset)
    else:
        _put(content, offset, data)
