"""The verdict of a drill's load run: which finding leads."""

from types import SimpleNamespace

import msgspec

from drills.audit import audit
from drills.record import Check, Finding, Record
from drills.steps.storm import Audit


def test_money_that_is_gone_leads_whatever_the_check_found_first(tmp_path):
    """A headline shows one deviation: lost settles before double ones, and both before all others, which keep their order."""
    rules = ("lost_reserve", "double_settle", "unexpected_settle", "lost_settle", "lost_settle")
    check = Check(measures={}, findings=tuple(Finding(rule, f"pay_{n}", f"detail {n}") for n, rule in enumerate(rules)))
    (tmp_path / "check.json").write_bytes(msgspec.json.encode(check))
    (tmp_path / "history.jsonl").write_bytes(b"")
    found = []
    run = SimpleNamespace(record=Record(), running_storm=lambda: SimpleNamespace(out=tmp_path), deviate=found.append)
    audit(run, Audit())
    assert found == [
        "lost_settle: 2 found, the first: detail 3",
        "double_settle: 1 found, the first: detail 1",
        "lost_reserve: 1 found, the first: detail 0",
        "unexpected_settle: 1 found, the first: detail 2",
    ]
