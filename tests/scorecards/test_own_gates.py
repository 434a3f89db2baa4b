"""Gates without a letter: cards, pages and text name them by id and title, and no letter is made up."""

from collections.abc import Callable

import msgspec
import pytest

from gates.evidence.store import Held
from gates.schema.gate import Gate
from scorecards.build import BuildInputs, build
from scorecards.render import render_html
from scorecards.schema import Scorecard
from scorecards.text import render_text


@pytest.fixture(scope="module")
def card(make_inputs: Callable[..., BuildInputs], gates: tuple[Gate, ...], evidence: list[Held]) -> Scorecard:
    """The synthetic week, judged by the same gates without their letters."""
    own = tuple(msgspec.structs.replace(gate, letter=None) for gate in gates)
    return build(make_inputs(gates=own), evidence, None)


def test_the_sentence_and_the_text_name_gates_by_id_and_title(card: Scorecard) -> None:
    """No `None`, and no empty pair of brackets."""
    text = render_text(card)
    assert "None" not in text
    assert "security-baseline" in card.spec.sentence
    for gate in card.spec.gates:
        assert f" {gate.title} " in text


def test_the_page_shows_ids_where_letters_would_stand(card: Scorecard) -> None:
    """In the strip and in the list of actions; a gate's own heading is its title alone."""
    page = render_html(card, "ab" * 32).decode()
    assert ">None<" not in page
    for gate in card.spec.gates:
        assert f"<b>{gate.id}</b>" in page
    assert '<span class="letter ' not in page[page.index('id="gates"') :]
