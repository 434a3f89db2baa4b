"""A template places and repeats: it does not look up, compare or compute."""

from collections.abc import Iterator

import house_tree
import pytest
from jinja2 import Environment, nodes

TEMPLATES = house_tree.files(suffix=".j2")
PLACED = (nodes.Name, nodes.Getattr)
ALLOWED = (*PLACED, nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.For, nodes.If, nodes.Macro, nodes.Call)


def offences(source: str) -> Iterator[str]:
    """Each thing in a template that is more than a name, an attribute, a loop, a plain truth test or a macro."""
    template = Environment(autoescape=True).parse(source)
    macros = {macro.name for macro in template.find_all(nodes.Macro)}
    for node in template.find_all(nodes.Node):
        what = f"line {node.lineno}: {type(node).__name__}"
        if not isinstance(node, ALLOWED):
            yield what
        elif isinstance(node, nodes.If) and not isinstance(node.test, PLACED):
            yield f"{what} tests more than a name"
        elif isinstance(node, nodes.For) and (node.test is not None or node.recursive or not isinstance(node.iter, PLACED)):
            yield f"{what} loops over more than a name"
        elif isinstance(node, nodes.Call) and not (isinstance(node.node, nodes.Name) and node.node.name in macros):
            yield f"{what} of something other than a macro"


@pytest.mark.parametrize("path", TEMPLATES, ids=str)
def test_a_template_places_and_repeats_only(path) -> None:
    """Every look-up, comparison and computation is done before, where it has a type and a test."""
    assert not list(offences(house_tree.text(path))), "give the value to the page model, scorecards/page.py"


@pytest.mark.parametrize(
    "source",
    [
        "{{ words.age(3) }}",
        "{{ texts[0] }}",
        "{{ a ~ b }}",
        "{{ a + 1 }}",
        "{{ name|upper }}",
        "{{ a if b else c }}",
        "{% if a == b %}{% endif %}",
        "{% if a in b %}{% endif %}",
        "{% if not a %}{% endif %}",
        "{% if a is none %}{% endif %}",
        "{% for a in b if a.c %}{% endfor %}",
        "{% for a, b in c.items() %}{% endfor %}",
        "{% set a = b %}",
        "{{ {'a': 1} }}",
    ],
)
def test_a_template_that_does_more_is_found(source: str) -> None:
    """The rule can say no to each kind of expression."""
    assert list(offences(source))


def test_names_loops_truth_tests_and_macros_are_no_offence() -> None:
    """What a template is for."""
    source = (
        "{% macro row(a) %}{{ a.b }}{% endmacro %}{% for a in c.d %}{% if a.e %}{{ row(a) }}{% else %}-{% endif %}{% endfor %}"
    )
    assert not list(offences(source))
