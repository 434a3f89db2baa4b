"""The page: one file, nothing from the network, and everything escaped."""

import html
import re
from collections.abc import Callable
from html.parser import HTMLParser

import msgspec
import pytest

from gates.evidence.store import Held
from gates.schema.gate import Gate
from scorecards.build import BuildInputs, build
from scorecards.render import render_html
from scorecards.schema import Scorecard
from scorecards.text import render_text

SHA = "ab" * 32


@pytest.fixture(scope="module")
def page(week: Scorecard) -> str:
    return render_html(week, SHA).decode()


class _Outline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.links.append(value)
            if name == "id" and value is not None:
                self.ids.add(value)


@pytest.fixture(scope="module")
def outline(page: str) -> _Outline:
    parser = _Outline()
    parser.feed(page)
    return parser


def test_the_page_has_no_script_and_asks_the_network_for_nothing(page: str, outline: _Outline) -> None:
    """No script, frame, image, font or style sheet from anywhere; links lead into the page or to a runbook beside it."""
    assert outline.tags.isdisjoint({"script", "iframe", "img", "link", "object", "form"})
    assert "http" not in page
    assert not re.search(r"@import|url\(|\son\w+=", page)
    assert all(link.startswith(("#", "runbooks/")) for link in outline.links)


def test_the_first_screen_names_what_to_do_first(page: str, week: Scorecard) -> None:
    """Next to the reasons, before launch dates and tables, with its command."""
    first = page[page.index("Do first") : page.index('id="launch"')]
    assert week.spec.actions[0].do in html.unescape(first)
    command = "gonogo drill run crash --target ./shop.yaml"
    action = msgspec.structs.replace(week.spec.actions[0], command=command)
    other = msgspec.structs.replace(week, spec=msgspec.structs.replace(week.spec, actions=(action,)))
    text = render_html(other, SHA).decode()
    assert f'<code class="command">{command}</code>' in text[text.index("Do first") : text.index('id="launch"')]


def test_the_page_of_a_rehearsal_says_so_in_its_title_its_banner_and_next_to_official(
    make_inputs: Callable[..., BuildInputs], evidence: list[Held]
) -> None:
    """Nobody takes its decision for a real one."""
    text = render_html(build(make_inputs(rehearsal=True), evidence, None), SHA).decode()
    assert "<title>REHEARSAL · NO GO" in text
    assert '<span class="standing">REHEARSAL · official</span>' in text
    assert '<span class="sentence">REHEARSAL, which decides nothing. Gate E' in text


def test_every_link_into_the_page_arrives(outline: _Outline) -> None:
    """The strip of gates and the actions lead to sections that exist."""
    assert {link[1:] for link in outline.links if link.startswith("#")} <= outline.ids


def test_an_action_about_a_gate_that_was_removed_links_to_nothing(
    week_inputs: BuildInputs, evidence: list[Held], last_week: Scorecard
) -> None:
    """Its gate has no place on the page."""
    fewer = tuple(gate for gate in week_inputs.gates if gate.id != "abuse-resilience")
    card = build(msgspec.structs.replace(week_inputs, gates=fewer), evidence, last_week)
    parser = _Outline()
    parser.feed(render_html(card, SHA).decode())
    assert any(action.gate == "abuse-resilience" for action in card.spec.actions)
    assert {link[1:] for link in parser.links if link.startswith("#")} <= parser.ids


def test_the_headings_form_an_outline(outline: _Outline) -> None:
    """One first heading, and no level is skipped on the way down."""
    assert outline.headings.count(1) == 1
    assert all(later - sooner <= 1 for sooner, later in zip(outline.headings, outline.headings[1:], strict=False))


def test_the_decision_comes_before_why_before_what_to_do_before_the_gates(page: str) -> None:
    """The order in which a committee reads."""
    places = [page.index(text) for text in ("<h1>", ">Why<", ">Do next<", ">The gates<", ">Check it yourself<")]
    assert places == sorted(places)


def test_the_page_says_everything_that_the_yaml_decides_by(page: str, week: Scorecard) -> None:
    """Every criterion, every digest of evidence in full, the findings and the sentence are on the page."""
    for gate in week.spec.gates:
        assert gate.question in page
        for item in gate.criteria:
            assert item.criterion.title.replace("'", "&#39;") in page
    assert all(line.sha256 in page for line in week.spec.evidence)
    assert "expected no secret, found a bearer token" in page
    assert SHA in page


def test_text_from_evidence_and_gates_is_escaped(make_inputs: Callable[..., BuildInputs], gates: tuple[Gate, ...]) -> None:
    """A title that holds markup is shown as text, not obeyed."""
    evil = [msgspec.structs.replace(gate, title="<script>alert(1)</script>") for gate in gates]
    page = render_html(build(make_inputs(gates=tuple(evil)), [], None), SHA).decode()
    assert "<script" not in page


@pytest.mark.parametrize("runbook", ["javascript:alert(1)", 'x" onclick="y', "//wiki.example/x"])
def test_a_runbook_that_no_gate_may_name_is_never_a_link(week: Scorecard, runbook: str) -> None:
    """Whatever made the scorecard: the page links to relative paths and https alone."""
    replace = msgspec.structs.replace
    spec = replace(
        week.spec,
        gates=tuple(replace(gate, runbook=runbook) for gate in week.spec.gates),
        actions=tuple(replace(action, runbook=runbook) for action in week.spec.actions),
    )
    page = render_html(replace(week, spec=spec), SHA).decode()
    assert runbook not in html.unescape(page)


@pytest.mark.parametrize("kind", ["nothing", "green"])
def test_a_page_can_be_told_of_no_evidence_and_of_a_go(
    kind: str, make_inputs: Callable[..., BuildInputs], green_gates: tuple[Gate, ...], green_evidence: list[Held]
) -> None:
    """Both ends of the scale render, and the banner has the colour of the answer."""
    green = kind == "green"
    card = build(make_inputs(gates=green_gates) if green else make_inputs(), green_evidence if green else [], None)
    page = render_html(card, SHA).decode()
    assert ('class="banner warn"' if green else 'class="banner unknown"') in page
    assert ("Every gate passes." in page) is green


def test_the_text_tells_decision_gates_findings_and_next_steps(week: Scorecard) -> None:
    """The terminal's version says the same in lines of readable width."""
    text = render_text(week)
    assert text.startswith("NO GO: gate E, Security baseline, fails on")
    assert "> storm/history.jsonl:88: expected no secret" in text
    assert "Next:\n  1. E (security)" in text
    assert max(len(line) for line in text.splitlines()) <= 150
