"""The scorecard as one HTML file: no script, no network; the same bytes from the same scorecard. Pure but for its template."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from scorecards.page import make_page
from scorecards.schema import Scorecard

TEMPLATES = Path(__file__).parent / "templates"
TEMPLATE = "scorecard.html.j2"


def render_html(scorecard: Scorecard, yaml_sha256: str) -> bytes:
    """The page of a scorecard whose YAML has this sha256."""
    return environment().get_template(TEMPLATE).render(page=make_page(scorecard, yaml_sha256, style_sheet())).encode()


def environment() -> Environment:
    """The templates of all pages: everything is escaped, and a name that a page lacks is an error."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def style_sheet() -> Markup:
    """The style of all pages."""
    return Markup((TEMPLATES / "scorecard.css").read_text(encoding="utf-8"))  # noqa: S704  # our own file
