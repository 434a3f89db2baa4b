"""What of a file survives: what was synced, and nothing that a failed sync forgot."""

import pytest

from drills.disk.content import BLOCK, File


def written(*writes):
    """A file with these writes, none of them synced."""
    file = File()
    for offset, data in writes:
        file.write(offset, data)
    return file


def test_a_synced_write_survives_a_power_loss_and_a_later_one_does_not():
    """Programs saw both."""
    file = written((0, b"first"))
    file.sync()
    file.write(0, b"later")
    assert (bytes(file.live), file.lose_power(0), bytes(file.live)) == (b"later", 1, b"first")


def test_a_seed_keeps_some_blocks_of_what_was_not_synced():
    """Whole blocks, each as it was written, and the same ones for the same seed."""
    kept = []
    for _ in range(2):
        file = written(*((number * BLOCK, bytes([number + 1]) * BLOCK) for number in range(20)))
        assert file.lose_power(3) == 20
        kept.append([number for number in range(20) if file.live[number * BLOCK : number * BLOCK + 1] == bytes([number + 1])])
    assert kept[0] == kept[1]
    assert 0 < len(kept[0]) < 20


def test_a_shorter_length_is_lost_too_until_it_is_synced():
    """Truncating is a write."""
    file = written((0, b"content"))
    file.sync()
    file.truncate(3)
    file.lose_power(0)
    assert bytes(file.live) == b"content"


def test_what_a_failed_sync_forgot_is_seen_by_programs_and_reaches_no_disk():
    """The next sync succeeds, writes nothing, and the power takes what programs still see: the trap of fsync and EIO."""
    file = written((0, b"acknowledged"))
    assert file.fail_sync() == 1
    file.sync()
    assert bytes(file.live) == b"acknowledged"
    assert file.lose_power(0) == 0
    assert bytes(file.live) == b""


def test_a_forgotten_block_reaches_the_disk_whole_once_it_is_written_to_again():
    """The kernel writes blocks, not bytes; the block next to it stays forgotten."""
    file = written((0, b"a" * 2 * BLOCK))
    file.fail_sync()
    file.write(10, b"b")
    file.sync()
    file.lose_power(0)
    assert bytes(file.live) == b"a" * 10 + b"b" + b"a" * (BLOCK - 11)


@pytest.mark.parametrize("size", [BLOCK, 0])
def test_a_block_that_was_cut_off_is_forgotten_no_more(size):
    """What follows there is written as anything else."""
    file = written((0, b"a" * 2 * BLOCK))
    file.fail_sync()
    file.truncate(size)
    assert file.forgotten == set(range(size // BLOCK))
