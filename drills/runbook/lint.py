"""Is a runbook fit for three in the morning? Sections, steps that are verified, commands and links that exist."""

import subprocess
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from drills.runbook.blocks import BY_EXIT, Shell
from drills.runbook.command_lines import command_faults, gonogo_calls
from drills.runbook.links import dead_links
from drills.runbook.page import Fault, Page, Step, markdown_tokens, verifies_itself
from drills.runbook.toothless import cannot_fail

SECTIONS = ("Signal", "First five minutes", "Decide", "Act", "Verify", "Wake up")
"""What every runbook has, in this order: what is seen, first acts, the decision, commands, how to verify, whom to wake."""

CANNOT_FAIL = "cannot fail: it ends as expected whatever its programs do, so it verifies nothing"

_COMMANDS = ("sh", "console", "bash")
_SYNTAX_S = 20


class Finding(msgspec.Struct, frozen=True, order=True):
    """One fault of one page."""

    path: str
    line: int
    text: str


def lint(pages: Iterable[Page]) -> tuple[Finding, ...]:
    """Everything that is wrong with these pages, by page and line."""
    known = tuple(pages)
    found = [Finding(str(page.path), fault.line, fault.text) for page in known for fault in _faults(page)]
    found += _wrong_commands(known)
    return tuple(sorted(found))


def _faults(page: Page) -> Iterator[Fault]:
    yield from page.faults
    yield from _sections(page)
    yield from (
        Fault(line, "a block `sh` without step=...: write `console` for commands that are not run") for line in page.unnamed
    )
    yield from _unverified(page)
    yield from (Fault(step.line, f"step={step.name} {CANNOT_FAIL}") for step in _checks(page) if cannot_fail(step))
    yield from _syntax(page)
    yield from dead_links(page)


def _sections(page: Page) -> Iterator[Fault]:
    titles = [section.title for section in page.sections]
    for title in SECTIONS:
        if titles.count(title) != 1:
            yield Fault(1, f"the section `## {title}` {'is missing' if title not in titles else 'is there more than once'}")
    there = [title for title in titles if title in SECTIONS]
    if there != [title for title in SECTIONS if title in there] and len(there) == len(set(there)):
        yield Fault(1, f"the sections come in another order than {', '.join(SECTIONS)}")
    for section in page.sections:
        if section.title in SECTIONS and not _has_text(page, section.title):
            yield Fault(section.line, f"the section `## {section.title}` is empty")


def _has_text(page: Page, title: str) -> bool:
    """Whether anything stands between this heading and the next one of its level."""
    lines = page.source.splitlines()
    starts = [section.line for section in page.sections] + [len(lines) + 1]
    at = next(number for number, section in enumerate(page.sections) if section.title == title)
    return any(line.strip() for line in lines[starts[at] : starts[at + 1] - 1])


def _unverified(page: Page) -> Iterator[Fault]:
    """Steps that nothing shows to have worked: a command that ends with 0 has not done what it should by that alone."""
    for step in page.steps:
        if isinstance(step.info, Shell) and not step.output and not step.info.verify:
            hint = f"add an `output of={step.name}` block, verify=STEP, or verify={BY_EXIT} where its exit code is the verdict"
            yield Fault(step.line, f"step={step.name} is not verified: {hint}")
    if page.steps and not any(verifies_itself(step) for step in page.steps if step.section == "Verify"):
        yield Fault(1, "the section `## Verify` has no step that shows whether it worked")


def _checks(page: Page) -> Iterator[Step]:
    """The steps that others rely on; what only looks, before anything is done, may end as it will."""
    shells = [step for step in page.steps if isinstance(step.info, Shell)]
    named = {step.info.verify for step in shells if isinstance(step.info, Shell)}
    for step in shells:
        if step.name in named or step.section in ("Act", "Verify") or not step.output:
            yield step


def _syntax(page: Page) -> Iterator[Fault]:
    for step in page.steps:
        if isinstance(step.info, Shell):
            argv = ["bash", "--noprofile", "--norc", "-n", "-c", step.text]
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SYNTAX_S, check=False)
            if done.returncode != 0:
                words = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
                yield Fault(step.line, f"step={step.name}: the shell cannot read it: {words[0].partition(': ')[2]}")


def _wrong_commands(pages: Sequence[Page]) -> Iterator[Finding]:
    """The `gonogo` lines of all blocks of commands, read or run, that are none; one child process for all pages."""
    places: list[tuple[Page, int, list[str]]] = []
    for page in pages:
        for token in markdown_tokens(page.source):
            words = token.info.split()
            if token.type != "fence" or not token.map or words[:1] not in [[name] for name in _COMMANDS]:
                continue
            line = token.map[0] + 1
            try:
                places += [(page, line, call) for call in gonogo_calls(token.content)]
            except ValueError as error:
                yield Finding(str(page.path), line, f"the words of this block cannot be found: {error}")
    for (page, line, call), fault in zip(places, command_faults([call for _, _, call in places]), strict=True):
        if fault:
            yield Finding(str(page.path), line, f"`gonogo {' '.join(call)}`: {fault}")
