"""A number that a pattern takes out of a text is a whole one."""

import pytest
from other_tools import answered

from gates.schema.outcome import UnknownReason
from gates.schema.source import CommandSource, FileSource, Place

ERROR = UnknownReason.ADAPTER_ERROR


def _command(*argv, **changes):
    return CommandSource(argv=argv, timeout="5s", **changes)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("total 1,204 ms", "total ([0-9]+)"),
        ("1,204 failures", "([0-9]+) failures"),
        ("total 1.204,5", "total ([0-9.]+)"),
        ("total 1.5", "total ([0-9])"),
        ("total 1204", "total ([0-9])"),
        ("total 1204", "([0-9])$"),
        ("total 1e6", "total ([0-9])"),
        ("total 1E-6", "total ([0-9])"),
        ("total 0x1F", "total ([0-9])"),
        ("total 1_204", "total ([0-9]+)"),
        ("total 1'204", "total ([0-9]+)"),
        ("total 1\u2019204", "total ([0-9]+)"),
        ("total 1\u00a0204", "total ([0-9]+)"),
        ("total 1\u202f204", "total ([0-9]+)"),
        ("total -5", "([0-9]+)"),
        ("total=\u22125", "([0-9]+)"),
        ("total .5", "([0-9]+)"),
        ("total -.5", "([0-9]+)"),
        ("1e-5", "([0-9]+)$"),
    ],
)
def test_a_pattern_that_takes_a_part_of_a_number_is_no_value(tools, text, pattern):
    """1 of `1,204`, 204 of the same, 5 of `-5`: the message shows what the pattern took out of what; also for counts."""
    tools.write("out.txt", text)
    source = FileSource(path="out.txt", run=("touch", "out.txt"), value=Place(pattern=pattern))
    measure = answered(source, "count").found.measure
    assert (measure.value, measure.unknown) == (None, ERROR)
    assert "it has to match the whole number" in measure.detail
    counts = answered(_command("echo", f"n=7 {text}", value=Place(pattern="n=(7)"), samples=Place(pattern=pattern))).found.measure
    assert (counts.value, counts.unknown) == (None, ERROR)


@pytest.mark.parametrize(
    ("text", "pattern", "value"),
    [
        ("took 12ms", "took ([0-9]+)", "12"),
        ("took 12.", "took ([0-9]+)", "12"),
        ("1, 2, 3", "([0-9]), 3", "2"),
        ("wrote 3-5 files", "-([0-9]+)", "5"),
        ("total -5", "total (.*)", "-5"),
        ("total: 1.5e3", "total: (.*)", "1.5e3"),
        ("p95=40", "p95=([0-9]+)", "40"),
    ],
)
def test_a_pattern_that_takes_a_whole_number_is_its_value(tools, text, pattern, value):
    """What stands next to it is a unit, an end of a sentence, or another number."""
    assert answered(_command("echo", text, value=Place(pattern=pattern))).found.measure.value == value
