"""Which runbooks are there? The pages with steps of the `runbooks` folder, or a file of one's own."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from drills.runbook.page import Page, read_page
from gates.schema.errors import UsageProblem
from gates.schema.runbook import shipped_folder


def shipped_pages(folder: Path | None = None) -> Iterator[Page]:
    """The pages of the folder (default: those that gonogo ships) that have steps, or blocks that should be steps, by name."""
    for path in sorted((folder or shipped_folder()).glob("*.md")):
        page = read_page(path)
        if page.steps or page.faults:
            yield page


@cache
def shipped_names() -> tuple[str, ...]:
    """Their names."""
    return tuple(page.name for page in shipped_pages())


def is_shipped(page: Page) -> bool:
    """Whether it is a page that gonogo ships, word for word."""
    path = shipped_folder() / f"{page.name}.md"
    return path.is_file() and path.read_bytes() == page.source.encode()


def find_page(name_or_path: str) -> Page:
    """The page of this path, or the shipped one of this name.

    Raises UsageProblem for one that is not there, has no steps, or has blocks that cannot be read.
    """
    if "/" in name_or_path or name_or_path.endswith(".md"):
        path = Path(name_or_path)
        if not path.is_file():
            raise UsageProblem(
                f"{path}: no such file", next_step="give a runbook in Markdown, or a name of `gonogo runbook list`"
            )
    else:
        path = shipped_folder() / f"{name_or_path}.md"
        if not path.is_file():
            names = ", ".join(shipped_names())
            raise UsageProblem(
                f"no runbook is called {name_or_path!r}", next_step=f"use one of {names}, or a path such as ./mine.md"
            )
    return require_runnable(read_page(path))


def require_runnable(page: Page) -> Page:
    """The page; raises UsageProblem where it has no steps, or naming every block that cannot be read."""
    if page.faults:
        text = "\n".join(f"{page.path}:{fault.line}: {fault.text}" for fault in page.faults)
        raise UsageProblem(text, next_step=f"correct the page, then: gonogo runbook lint {page.path}")
    if not page.steps:
        hint = "a step is a block that begins with: ```sh step=NAME expect=0 timeout=30s"
        raise UsageProblem(f"{page.path}: the page has no steps, so there is nothing to run", next_step=hint)
    return page


def require_step(page: Page, name: str) -> str:
    """The name, if it is a step's; raises UsageProblem naming those that are there."""
    if page.step(name) is None:
        names = ", ".join(step.name for step in page.steps)
        raise UsageProblem(f"{page.path}: no step is called {name!r}", next_step=f"use one of {names}")
    return name
