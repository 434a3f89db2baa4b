"""The first line of a block: small, and strict."""

import pytest

from drills.runbook.blocks import Human, Output, Shell, read_info
from gates.schema.errors import UsageProblem


@pytest.mark.parametrize(
    ("text", "info"),
    [
        ("sh step=pause expect=0 timeout=30s", Shell("pause", 0, 30.0)),
        ("sh timeout=5m step=a-1 expect=255 verify=exit confirm", Shell("a-1", 255, 300.0, "exit", confirm=True)),
        ("human step=call who=finance timeout=2m", Human("call", "finance", 120.0)),
        ("output of=pause", Output("pause")),
        ("sh", None),
        ("console", None),
        ("yaml title=x", None),
    ],
)
def test_an_info_string_says_what_the_block_is(text, info):
    """Each form, and what is for reading alone."""
    assert read_info(text) == info


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("sh step=pause expect=0 timeout=30s retry=3", "'retry=3' is not known"),
        ("sh step=pause expect=0 timeout=30s confirm=yes", "'confirm=yes' is not known"),
        ("sh step=pause expect=0 timeout=30s human", "'human' is not known"),
        ("sh step=pause expect=0", "needs timeout="),
        ("sh step=pause timeout=30s", "needs expect="),
        ("sh expect=0 timeout=30s", "needs step="),
        ("sh step=pause step=other expect=0 timeout=30s", "step is given twice"),
        ("sh step=pause expect=0 timeout=30s confirm confirm", "confirm is given twice"),
        ("sh step=Pause expect=0 timeout=30s", "step=Pause"),
        ("sh step= expect=0 timeout=30s", "step="),
        ("sh step=../x expect=0 timeout=30s", "step=../x"),
        ("sh step=pause expect=256 timeout=30s", "expect=256"),
        ("sh step=pause expect=-1 timeout=30s", "expect=-1"),
        ("sh step=pause expect=٣ timeout=30s", "expect="),
        ("sh step=pause expect=0 timeout=0s", "timeout=0s"),
        ("sh step=pause expect=0 timeout=25h", "timeout=25h"),
        ("sh step=pause expect=0 timeout=soon", "'soon' is not a duration"),
        ("human step=call who=bob timeout=2m", "who=bob: use one of commander"),
        ("human step=call timeout=2m", "needs who="),
        ("human step=call who=owner timeout=2m confirm", "'confirm' is not known"),
        (
            "bash step=pause expect=0 timeout=30s",
            "'bash' is no kind of step, and would be left out in silence: use sh,",
        ),
        ("yaml of=pause", "'yaml' is no kind of step"),
        ("output", "needs of="),
        ("output of=pause of=pause", "of is given twice"),
    ],
)
def test_what_is_not_known_is_refused_by_its_word(text, word):
    """A misspelt member would otherwise be left out in silence."""
    with pytest.raises(UsageProblem) as refused:
        read_info(text)
    assert word in refused.value.message
