"""`gonogo evidence sign`: measures of one's own, in a document whose schema is checked."""

import json

import jsonschema
import pytest
import yaml
from other_tools import BUILD

from gates.schema.time import format_utc, system_clock

pytestmark = pytest.mark.process
SOURCE = {"adapter": "evidence", "predicate_type": "urn:gonogo:evidence:reconciliation:v2", "measure": "open_breaks"}


def _document(**spec: object) -> dict:
    measure = {"value": "0", "unit": "count", "samples": 412}
    whole = {"finished_at": format_utc(system_clock()), "measures": {"open_breaks": measure}, **spec}
    return {"apiVersion": "gonogo/v1", "kind": "Measures", "metadata": {"name": "reconciliation"}, "spec": whole}


def _sign(tools, document: dict, *options: str) -> tuple[int, str, str]:
    path = tools.write("measures.yaml", yaml.safe_dump(document))
    return tools.run("evidence", "sign", path, "--target", tools.folder / "shop.yaml", *options)


def test_a_signed_measure_passes_a_p1_criterion_and_decides_no_p0_gate(tools):
    """It is about the build that runs, keeps the files that it names, and is shown as what somebody signed."""
    tools.write("breaks.csv", "id\n")
    code, out, err = _sign(tools, _document(artifacts=["breaks.csv"]))
    assert code == 0, err
    said = json.loads(tools.run("evidence", "show", out.strip(), "--format", "json")[1])
    assert said["subject"][0]["digest"]["build"] == BUILD
    assert {item["name"] for item in said["predicate"]["artifacts"]} == {"breaks.csv", "measures.yaml"}
    tools.gate(SOURCE, priority="P1")
    assert tools.verdict()["outcome"] == "pass"
    tools.gate(SOURCE)
    verdict = tools.verdict()
    assert (verdict["unknown"], "counts for P1 gates only" in verdict["detail"]) == ("stale", True)


def test_a_document_validates_against_the_exported_schema(tools):
    """The schema is one of JSON Schema 2020-12, and refuses what the command refuses."""
    schema = json.loads(tools.run("schema", "Measures")[1])
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(_document())
    assert not validator.is_valid(_document(mesures={}))


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"measures": {}}, "$.spec.measures: is empty"),
        ({"measures": {"Open": {"value": "0", "unit": "count"}}}, "$.spec.measures.Open: a measure is named in lower-case words"),
        ({"measures": {"a": {"value": "NaN", "unit": "count"}}}, "$.spec.measures.a: value 'NaN' is not a finite decimal number"),
        ({"measures": {"a": {"value": None, "unit": "count"}}}, "$.spec.measures.a: has to have a value, or null and a reason"),
        ({"measures": {"a": {"value": "0", "unit": "count", "failures": 1}}}, "$.spec.measures.a: failures 1 are not from 0 to"),
        ({"measures": {"a": {"value": 0, "unit": "count"}}}, "$.spec.measures.a.value"),
        ({"finished_at": "noon"}, "$.spec.finished_at: 'noon' is not a moment"),
        ({"artifacts": ["../secret"]}, "$.spec.artifacts: '../secret' is not the name of a file next to the document"),
        ({"artifacts": ["gone.csv"]}, "$.spec.artifacts: gone.csv: no such file next to the document"),
        ({"mesures": {}}, "unknown key 'mesures'"),
    ],
)
def test_a_document_that_is_not_sound_is_refused(tools, spec, text):
    """With the path of the member; nothing is signed."""
    code, out, err = _sign(tools, _document(**spec))
    assert (code, out) == (2, "")
    assert text in err


def test_a_kind_of_ours_cannot_be_signed_by_hand(tools):
    """A statement of a load run comes from a load run."""
    document = _document()
    document["metadata"]["name"] = "load-run"
    code, _, err = _sign(tools, document)
    assert (code, "is a kind of evidence that gonogo itself collects" in err) == (2, True)
