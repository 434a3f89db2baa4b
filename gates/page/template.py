"""The environment of every page's template, and the style sheet that all pages share."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

STYLE = Path(__file__).with_name("style.css")


@cache
def environment(templates: Path) -> Environment:
    """The templates in this folder, each compiled once: everything is escaped, and a name that a page lacks is an error."""
    return Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def style_sheet() -> Markup:
    """The style of all pages: light, dark, phone and paper."""
    return Markup(STYLE.read_text(encoding="utf-8"))  # noqa: S704  # our own file
