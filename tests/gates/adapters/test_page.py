"""Every example of runbooks/adapters.md is a criterion that validates, and there is one for each adapter."""

import re
from pathlib import Path

import pytest
import yaml
from own_adapter import ROOT

from gates.adapters.measures import load_measures
from gates.adapters.table import ADAPTERS
from gates.schema.gateset import load_gates

PAGE = ROOT / "runbooks" / "adapters.md"
BLOCKS = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)]
EXAMPLES = [one for one in BLOCKS if "source" in one]


def test_every_adapter_has_an_example():
    """The page leaves none out."""
    assert {one["source"]["adapter"] for one in EXAMPLES} == set(ADAPTERS)


@pytest.mark.parametrize("example", EXAMPLES, ids=[one["source"]["adapter"] for one in EXAMPLES])
def test_an_example_is_a_criterion(example, tmp_path: Path):
    """As it stands on the page."""
    gate = {
        "id": "legal",
        "letter": "A",
        "title": "Mine",
        "priority": "P1",
        "owner": "sre",
        "question": "Is it?",
        "runbook": "https://example.org/q",
        "criteria": [{"id": "contract", "title": "One", **example}],
    }
    first = {"id": "one", "title": "One", "source": {"adapter": "evidence", "predicate_type": "urn:x:v2", "measure": "m"}}
    other = {**gate, "id": "p0", "letter": "B", "priority": "P0"}
    other["criteria"] = [{**first, "unit": "count", "operator": "lte", "threshold": "0"}]
    document = {"apiVersion": "gonogo/v1", "kind": "GateSet", "metadata": {"name": "mine"}, "spec": {"gates": [gate, other]}}
    file = tmp_path / "gates.yaml"
    file.write_text(yaml.safe_dump(document))
    (criterion,) = load_gates(file)[0].criteria
    assert criterion.source.measure == "value"


def test_the_document_of_own_measures_can_be_read(tmp_path: Path):
    """As it stands on the page, next to the file that it names."""
    (document,) = [one for one in BLOCKS if "source" not in one]
    (tmp_path / "breaks.csv").touch()
    path = tmp_path / "measures.yaml"
    path.write_text(yaml.safe_dump(document))
    assert load_measures(path).spec.measures["open_breaks"].samples == 412
