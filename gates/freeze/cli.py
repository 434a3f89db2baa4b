"""`gonogo freeze`: may this be deployed now, and why; and the signed acts that let a deployment through in a freeze."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import click

from gates.lazy import Later, LazyGroup
from gates.schema.options import Moment, clock_at, format_option, preset
from gates.schema.output import show_product
from gates.schema.state import is_rehearsal, known_state_dir

if TYPE_CHECKING:
    from gates.freeze.decide import Answer, Wanted
    from gates.schema.freeze_spans import FreezeSpans

_calendar = click.option(
    "--calendar",
    "path",
    type=click.Path(path_type=Path),
    default=preset("freeze"),
    help="The FreezeCalendar: a file, or a folder with one.  [default: that of gonogo.yaml, or freeze.yaml]",
)
_changes = click.option(
    "--changes",
    type=click.Path(path_type=Path, file_okay=False),
    default=preset("changes"),
    help="A folder of signed change records, exceptions and drill statements as well.  [default: that of gonogo.yaml]",
)


class _Freeze(LazyGroup):
    later: ClassVar[Mapping[str, Later]] = {
        "change": Later("gates.freeze.sign_cli:change", "Approve a change for a freeze; one person signs, never its author."),
        "exception": Later("gates.freeze.sign_cli:exception", "Let one build or commit through for 4 hours; two people sign."),
    }


@click.group(cls=_Freeze)
def freeze() -> None:
    """Change freeze: whether this may be deployed now, and the signed acts that let it through."""


@freeze.command()
@_calendar
@_changes
@click.option("--build", metavar="SHA256", help="The build that is about to be deployed.")
@click.option(
    "--range", "commits", metavar="A..B", help="The Git commits that are about to be deployed: those of B that A lacks."
)
@click.option(
    "--now", type=Moment(), help="Preview another moment (RFC 3339). It decides nothing: exit 3 where it would be allowed."
)
@format_option("text", "json", "yaml")
def check(
    path: Path | None, changes: Path | None, build: str | None, commits: str | None, now: dt.datetime | None, output_format: str
) -> int:
    """Decide whether this may be deployed now, by the clock. Run it in CI, and again right before the deployment.

    Exit 0 allowed, 5 refused: by a freeze, or without a calendar that can be read. 2 for a wrong option, 3 for a preview that
    would be allowed, or without Git, 8 for a signed act that does not verify. In a rehearsal's state folder, whose clock can be
    set, every answer is a preview.
    """
    from gates.freeze.commits import commits_in
    from gates.freeze.decide import Wanted
    from gates.freeze.reading import deciding_calendar
    from gates.freeze.text import answer_text
    from gates.render import render_value
    from gates.schema.outcome import ExitCode

    wanted = Wanted(_sha256(build) if build else "", commits_in(commits) if commits is not None else ())
    found = _answer(deciding_calendar(path), changes, wanted, now)
    product = answer_text(found) if output_format == "text" else render_value(found, output_format)
    show_product(product, output_format)
    if not found.allowed:
        return int(ExitCode.REFUSED)
    return int(ExitCode.UNKNOWN if found.preview else ExitCode.GREEN)


@freeze.command()
@_calendar
@_changes
@click.option("--now", type=Moment(), help="Explain as of this moment (RFC 3339) instead of the clock's.")
@format_option("text", "json", "yaml")
def explain(path: Path | None, changes: Path | None, now: dt.datetime | None, output_format: str) -> None:
    """Explain the rules, each window in UTC and in local time, what was signed, and what to do next.

    Exit 2 for a calendar that cannot be read, with every fault in it.
    """
    from gates.freeze.decide import Wanted
    from gates.freeze.reading import given_calendar
    from gates.freeze.text import explanation_text
    from gates.render import render_value

    calendar = given_calendar(path)
    found = _answer(calendar, changes, Wanted(), now, always=True)
    text = output_format == "text"
    product = explanation_text(calendar, found) if text else render_value({"calendar": calendar, "now": found}, output_format)
    show_product(product, output_format)


def _answer(
    calendar: FreezeSpans, changes: Path | None, wanted: Wanted, now: dt.datetime | None, *, always: bool = False
) -> Answer:
    """The answer; signed acts are read where a freeze is in force, or `always`."""
    from gates.freeze.decide import answer
    from gates.freeze.permit import weigh
    from gates.freeze.reading import read_acts

    home, moment = known_state_dir(), clock_at(now)()
    spans = calendar.in_force(moment)
    acts = read_acts(home, changes) if spans or always else None
    weighed = [] if acts is None else [weigh(permit, spans, moment, acts.statements) for permit in acts.permits]
    return answer(calendar, moment, wanted, weighed, preview=now is not None or is_rehearsal(home))


def _sha256(text: str) -> str:
    from gates.freeze.sign_cli import sha256_option

    return sha256_option("--build", text)
