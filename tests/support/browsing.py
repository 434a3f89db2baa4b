"""Pages in a real browser, at the sizes that people have."""

from pathlib import Path

from playwright.sync_api import Browser, Page

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
"""How far a page has to be scrolled sideways."""


def opened(browser: Browser, file: Path, size: str, scheme: str) -> Page:
    """The page of a file, in a window of this size and colour scheme."""
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.goto(file.as_uri())
    return page


def unfold(page: Page) -> None:
    """Open every part of the page."""
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
