"""A runbook as it is written: its sections, and its steps in their order, read from Markdown."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token

from drills.runbook.blocks import BY_EXIT, Human, Output, Shell, read_info
from gates.schema.errors import UsageProblem

LARGEST = 1_000_000
"""Bytes of a page: what is larger was not written by a person."""

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


class Section(msgspec.Struct, frozen=True):
    """A heading of level 2, and the line on which it stands."""

    title: str
    line: int


class Step(msgspec.Struct, frozen=True):
    """One step: what it is, the text of its block, the section that it is in, the prose before it, and its expected output.

    Without lines in `output` any output is as expected.
    """

    info: Shell | Human
    text: str
    section: str
    before: str
    line: int
    output: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The step's name."""
        return self.info.step

    @property
    def needs_person(self) -> bool:
        """Whether a person does it, or approves it first."""
        return isinstance(self.info, Human) or self.info.confirm


class Fault(msgspec.Struct, frozen=True):
    """Something wrong on a line of a page."""

    line: int
    text: str


class Page(msgspec.Struct, frozen=True):
    """A whole runbook. `after` is the prose after the last block. With `faults`, which are about its blocks, it is not run."""

    path: Path
    title: str
    source: str
    sections: tuple[Section, ...]
    steps: tuple[Step, ...]
    unnamed: tuple[int, ...]
    faults: tuple[Fault, ...]
    after: str = ""

    @property
    def name(self) -> str:
        """What commands call it: the file's name without its suffix."""
        return self.path.stem

    def step(self, name: str) -> Step | None:
        """The step of that name, None where there is none."""
        return next((step for step in self.steps if step.name == name), None)


def read_page(path: Path) -> Page:
    """Read a page; raises UsageProblem where there is no text to read."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        source = data.decode()
    except UnicodeDecodeError:
        raise UsageProblem(f"{path}: not a text in UTF-8", next_step="give a runbook in Markdown") from None
    if len(data) > LARGEST or "\0" in source:
        raise UsageProblem(f"{path}: not a runbook: a text of at most {LARGEST} bytes", next_step="give a runbook in Markdown")
    return parse_page(path, source)


def parse_page(path: Path, source: str) -> Page:
    """The page of this text, with everything that is wrong with its blocks."""
    reader = _Reader(source.splitlines())
    tokens = markdown_tokens(source)
    for at, token in enumerate(tokens):
        reader.take(token, tokens[at + 1] if token.type == "heading_open" else None)
    steps, faults = _with_output(reader.steps, reader.outputs)
    faults = [*reader.faults, *faults, *_inconsistent(steps)]
    return Page(
        path=path,
        title=reader.title or path.stem,
        source=source,
        sections=tuple(reader.sections),
        steps=tuple(steps),
        unnamed=tuple(reader.unnamed),
        faults=tuple(sorted(faults, key=lambda fault: (fault.line, fault.text))),
        after=reader.prose_until(None),
    )


def markdown_tokens(source: str) -> list[Token]:
    """The text as the tokens of CommonMark with tables."""
    return _MARKDOWN.parse(source)


Outputs: TypeAlias = "list[tuple[int, Output, tuple[str, ...]]]"


class _Reader:
    """Collects headings and blocks in the order of the page."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines, self._read = lines, 0
        self.title = ""
        self.sections: list[Section] = []
        self.steps: list[Step] = []
        self.outputs: Outputs = []
        self.unnamed: list[int] = []
        self.faults: list[Fault] = []

    def take(self, token: Token, text: Token | None) -> None:
        """One token; of a heading also the text inside."""
        if token.type == "heading_open" and text is not None and token.map:
            if token.tag == "h1" and not self.title:
                self.title = text.content
            elif token.tag == "h2":
                self.sections.append(Section(text.content, token.map[0] + 1))
        elif token.type == "fence" and token.map:
            self._block(token, token.map[0] + 1)
            self._read = token.map[1]

    def prose_until(self, line: int | None) -> str:
        """The text since the last block, headings too, up to this line; to the end of the page without one."""
        return "\n".join(self._lines[self._read : None if line is None else line - 1]).strip("\n")

    def _block(self, token: Token, line: int) -> None:
        if not token.info.strip():
            return
        try:
            info = read_info(token.info)
        except UsageProblem as problem:
            self.faults.append(Fault(line, problem.message))
            return
        if isinstance(info, Output):
            self.outputs.append((line, info, tuple(text.strip() for text in token.content.splitlines() if text.strip())))
        elif info is not None:
            section = self.sections[-1].title if self.sections else ""
            self.steps.append(Step(info, token.content.rstrip("\n"), section, self.prose_until(line), line))
        elif token.info.split()[0] == "sh":
            self.unnamed.append(line)


def _with_output(steps: Sequence[Step], outputs: Outputs) -> tuple[list[Step], list[Fault]]:
    """The steps with what they have to print, and the `output` blocks that belong to none."""
    faults, found = [], {step.name: step for step in steps}
    for line, info, lines in outputs:
        step = found.get(info.of)
        if step is None or not isinstance(step.info, Shell) or step.line > line:
            faults.append(Fault(line, f"of={info.of}: no block `sh` before this one is the step {info.of}"))
        elif step.output or not lines:
            faults.append(Fault(line, f"of={info.of}: {'is given twice' if step.output else 'the expected output is empty'}"))
        else:
            found[info.of] = msgspec.structs.replace(step, output=lines)
    return [found[step.name] if found[step.name].line == step.line else step for step in steps], faults


def _inconsistent(steps: Sequence[Step]) -> Iterator[Fault]:
    """Steps of one name, empty ones, and those that name a step to verify them that is not there, or is not a check itself."""
    places = {step.name: at for at, step in reversed(list(enumerate(steps)))}
    for at, step in enumerate(steps):
        if places[step.name] != at:
            yield Fault(step.line, f"step={step.name} is the name of an earlier step, too")
        if not step.text.strip():
            yield Fault(step.line, f"step={step.name} has no text")
        verify = step.info.verify if isinstance(step.info, Shell) else ""
        if verify in ("", BY_EXIT):
            continue
        checked_by = places.get(verify, -1)
        if checked_by <= at:
            yield Fault(step.line, f"verify={verify}: no later step has this name")
        elif not verifies_itself(steps[checked_by]):
            yield Fault(step.line, f"verify={verify}: that step has neither an `output` block nor verify={BY_EXIT}")


def verifies_itself(step: Step) -> bool:
    """Whether its own output, or its exit code where that is a verdict, shows how it went."""
    return isinstance(step.info, Shell) and bool(step.output or step.info.verify == BY_EXIT)
