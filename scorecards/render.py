"""The scorecard as one HTML file: no script, no network; the same bytes from the same scorecard. Pure but for its template."""

from pathlib import Path

from jinja2 import Environment

from gates.page.template import environment as page_environment
from gates.page.template import style_sheet
from scorecards.page import make_page
from scorecards.schema import Scorecard

TEMPLATES = Path(__file__).parent / "templates"
TEMPLATE = "scorecard.html.j2"


def render_html(scorecard: Scorecard, yaml_sha256: str) -> bytes:
    """The page of a scorecard whose YAML has this sha256."""
    return environment().get_template(TEMPLATE).render(page=make_page(scorecard, yaml_sha256, style_sheet())).encode()


def environment() -> Environment:
    """The templates of the scorecard's pages."""
    return page_environment(TEMPLATES)
