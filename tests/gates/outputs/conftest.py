"""A review in which every outcome occurs, with and without a waiver, and the same with hostile texts in it."""

import msgspec
import pytest

from gates.schema.outcome import Decision, Outcome, Priority, UnknownReason
from gates.schema.verdict import Review

HOSTILE = (
    "\n::error::forged\r\n::set-output name=x::y",
    "a | b \\| c `code` ```\nfence\n```",
    "</failure><testcase name='forged'/> & ]]> <script>alert(1)</script>",
    "[link](https://evil.example) ![image](https://evil.example/x.png) <img src=x>",
    "# heading\n- item\n1. one\n---\n| pass | x |",
    "\x1b[31mred\x00\x07\u202e\u2028next \ufffe",
    '"} 1.0\nlaunch_scorecard_decision{decision="GO"} 1\n# TYPE x counter',
    "{0} {{1}} [x](1) %0A::warning::x ,title=forged::",
    "https://evil.example www.evil.example ada@example.org @everyone #1 ~~gone~~ **bold** __bold__ $x$",
    "",
    "\\",
)


@pytest.fixture(scope="session")
def review(bench) -> Review:
    """A P0 gate without a waiver and a P1 gate with one; each has a criterion of every outcome."""
    measures = {name: bench.measure(value) for name, value in (("good", "0"), ("close", "4"), ("bad", "9"))}

    def criterion(name: str):
        return bench.criterion(id=name, measure=name, threshold="5", warn_threshold="2", title=f"Title of {name}")

    criteria = [criterion(name) for name in ("good", "close", "bad", "absent")]
    between = bench.criterion(id="window", measure="good", operator="between", threshold="0", upper="20", unit="count")
    gates = [
        bench.gate(*criteria, between),
        bench.gate(*criteria, gate_id="sre-reliability", letter="F", priority=Priority.P1, waivable=True),
        bench.gate(criterion("good"), gate_id="green", letter="G", priority=Priority.P1),
    ]
    return bench.review(gates, [bench.held(measures=measures)], [bench.waiver("sre-reliability")])


@pytest.fixture(scope="session")
def decided(review):
    """The review with another decision."""

    def make(decision: Decision, exit_code: int) -> Review:
        made = msgspec.structs.replace(review.decision, decision=decision, exit_code=exit_code)
        return msgspec.structs.replace(review, decision=made)

    return make


@pytest.fixture(scope="session", params=range(len(HOSTILE)))
def hostile(request, review) -> Review:
    """The review with one hostile text in every place that a person, a tool or a file can fill."""
    text = HOSTILE[request.param]
    gates = tuple(
        msgspec.structs.replace(
            gate,
            title=text,
            owner=text,
            question=text,
            runbook=text,
            waived_by=text if gate.waived else None,
            waiver_reason=text if gate.waived else None,
            criteria=tuple(
                msgspec.structs.replace(
                    item,
                    detail=text,
                    criterion=msgspec.structs.replace(
                        item.criterion,
                        title=text,
                        unit=text,
                        source=msgspec.structs.replace(item.criterion.source, produced_by=f"gonogo {text}"),
                    ),
                )
                for item in gate.criteria
            ),
        )
        for gate in review.gates
    )
    missing = tuple(msgspec.structs.replace(one, title=text, produced_by=f"gonogo {text}") for one in review.decision.missing)
    decision = msgspec.structs.replace(review.decision, reasons=(text, text), missing=missing)
    builds = {text: text}
    assert {item.outcome for gate in gates for item in gate.criteria} == set(Outcome)
    assert any(item.unknown is UnknownReason.MISSING for gate in gates for item in gate.criteria)
    return msgspec.structs.replace(review, gates=gates, decision=decision, builds=builds)
