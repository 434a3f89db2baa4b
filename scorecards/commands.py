"""`gonogo scorecard`: build, show, pack, verify, diff, history."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import click

from gates.lazy import Later, LazyGroup
from gates.schema.options import (
    GATES_HELP,
    PROFILE_DEFAULT,
    REPORTS,
    STATEMENTS,
    TARGET_DEFAULT,
    clock_at,
    format_option,
    now_option,
    preset,
    verdict_options,
)
from gates.schema.output import show_product, write_document
from gates.schema.state import known_state_dir, made_state_dir, state_dir

_FOLDER = click.Path(path_type=Path, file_okay=False)
_PATH = click.Path(path_type=Path)


class _Scorecard(LazyGroup):
    later: ClassVar[Mapping[str, Later]] = {
        "late-sign": Later(
            "scorecards.late_sign:late_sign", "Sign the scorecard of a past week as a late review; two people sign."
        ),
        "explain-red": Later("gates.acts.cli:explain_red", "Explain a red run of this week; two people sign."),
    }


@click.group(cls=_Scorecard)
def scorecard() -> None:
    """Build, show, pack, verify, compare and list scorecards."""


@scorecard.command()
@click.argument("folder", type=_FOLDER, required=False)
@click.option("--out", type=_FOLDER, help="A new folder to write to.  [default: STATE/reviews/WEEK-N]")
@click.option(
    "--target", default=preset("target"), show_default=TARGET_DEFAULT, help="The target under review: a shipped name, or a path."
)
@click.option("--build", "build_sha256", help="The sha256 of the build under review, where the service does not report it.")
@click.option(
    "--profile",
    default=preset("profile"),
    show_default=PROFILE_DEFAULT,
    help="The load profile whose runs count: a name, or a path.",
)
@click.option("--week", help="The ISO week that the scorecard is for.  [default: the week of judging]")
@click.option("--gates", "gates_path", default=preset("gates"), type=_PATH, help=GATES_HELP)
@click.option(
    "--waivers", "waivers_path", default=preset("waivers"), type=_FOLDER, help="A folder of signed waiver files as well."
)
@click.option("--evidence", "evidence_path", type=_FOLDER, help="The evidence store.  [default: STATE/evidence]")
@click.option("--draft", is_flag=True, help="Do not add the scorecard to the history.")
@verdict_options
@now_option
@format_option("text", "yaml", "json", *REPORTS)
def build(  # each parameter is one option of the command line
    folder: Path | None,
    out: Path | None,
    target: str,
    build_sha256: str | None,
    profile: str,
    week: str | None,
    gates_path: Path | None,
    waivers_path: Path | None,
    evidence_path: Path | None,
    draft: bool,
    fail_on: str | None,
    accept: str | None,
    now: dt.datetime | None,
    output_format: str,
) -> int:
    """Judge stored evidence and write a scorecard; nothing is run against the service.

    With FOLDER, a review's folder, the scorecard is computed again from that folder; the history does not change. Its signatures
    are checked with the keys in that folder alone: whose they are is what `scorecard verify` finds out.

    Exit 0 GO, 9 CONDITIONAL GO, 1 NO GO because a P0 or P1 gate fails, 3 NO GO because something could not be judged.
    """
    from scorecards.again import build_again
    from scorecards.evaluate import BY_HAND
    from scorecards.folder import require_review
    from scorecards.output import exit_code, shown
    from scorecards.stored import Sources, build_from_store

    home = made_state_dir()
    if folder is not None:
        card = build_again(require_review(folder), out)
    else:
        sources = Sources(target, build_sha256, profile, week, gates_path, waivers_path, evidence_path)
        because = BY_HAND if now is not None else ""
        card = build_from_store(
            home,
            sources,
            clock_at(now)(),
            out,
            preview_because="a draft (--draft)" if draft else because,
            keep=not draft,
            by_hand=now is not None,
        )
    show_product(shown(card, output_format), output_format)
    return int(exit_code(card, fail_on=fail_on, accept=accept))


@scorecard.command()
@click.argument("folder", type=_FOLDER, required=False)
@format_option("text", "yaml", "json", *REPORTS, *STATEMENTS)
def show(folder: Path | None, output_format: str) -> None:
    """Print the scorecard in FOLDER, by default the latest review's.

    The formats vsa and test-result are in-toto statements. They are made only of a folder that verifies with the keys of the
    state folder (exit 8 or 3 otherwise), and signed as the scorecard is, where that key is here.
    """
    from scorecards.folder import YAML_FILE, read_file, read_scorecard, require_review
    from scorecards.output import shown

    place = require_review(folder) if folder else _latest()
    if output_format in STATEMENTS:
        from scorecards.statements import statement_text

        write_document(statement_text(place, output_format, state_dir()))
        return
    path = place / YAML_FILE
    show_product(shown(read_scorecard(read_file(path), str(path)), output_format), output_format)


@scorecard.command()
@click.argument("folder", type=_FOLDER, required=False)
@click.option("--out", type=_FOLDER, required=True, help="A new folder to write to.")
@click.option(
    "--artifacts",
    "artifacts_path",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Also look for raw files here: an evidence store, or a folder of files named by their sha256.",
)
def pack(folder: Path | None, out: Path, artifacts_path: Path | None) -> int:
    """Copy the review in FOLDER, by default the latest, to hand it over: all that `verify --deep` needs.

    With it go logs, probes, runbooks and the raw files that its statements name. Keys and databases never do.

    Exit 0, or 3 where a raw file is missing: the folder is written, and `verify --deep` names the file in it (8).
    """
    from gates.schema.outcome import ExitCode
    from scorecards.folder import require_review
    from scorecards.pack import pack as copy
    from scorecards.pack import packed_text

    place = require_review(folder) if folder else _latest()
    packed = copy(place, out, [*filter(None, [artifacts_path]), state_dir() / "evidence"])
    show_product(packed_text(packed, out), "text")
    return int(ExitCode.UNKNOWN if packed.missing else ExitCode.GREEN)


@scorecard.command()
@click.argument("folder", type=_FOLDER, required=False)
@click.option(
    "--trust", "trust_path", type=_PATH, help="The JWKS of the signers that you trust.  [default: your own keys in STATE]"
)
@click.option("--signers", "pin", metavar="SHA256", help="The Signers document that you trust.  [default: that of STATE]")
@click.option("--deep", is_flag=True, help="Compute the measures again too, from the raw files that the statements name.")
@click.option(
    "--artifacts",
    "artifacts_path",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="With --deep: also look for raw files here: an evidence store, or a folder of files named by their sha256.",
)
@format_option("text", "json")
def verify(
    folder: Path | None, trust_path: Path | None, pin: str | None, deep: bool, artifacts_path: Path | None, output_format: str
) -> int:
    """Verify the scorecard in FOLDER: signatures, and YAML and HTML computed again byte for byte; offline.

    With --deep the measures of each statement are computed again from its raw files; one that is missing or was changed is named.
    A packed copy is verified by its own raw files alone; those of a review that has none are in the state folder.

    Exit 0 only if every level passed, 8 if one failed, 3 if one could not be checked, 2 for a folder that is no review's.
    """
    from scorecards.folder import require_review
    from scorecards.verifier import whose
    from scorecards.verify import exit_code, levels_text, verify_folder

    path = require_review(folder) if folder else _latest()
    keys = whose(state_dir(), trust_path, pin, path)
    levels = verify_folder(path, keys.trust, keys.origin, keys.pin)
    if deep or artifacts_path:
        from scorecards.deep import deep_level
        from scorecards.pack import is_packed

        own = [*filter(None, [artifacts_path]), path]
        places = own if is_packed(path) else [*own, state_dir() / "evidence"]
        levels = (*levels, deep_level(path, keys.trust, places))
    show_product(levels_text(levels, output_format), output_format)
    return int(exit_code(levels))


@scorecard.command()
@click.argument("before", type=_PATH)
@click.argument("now", type=_PATH)
@format_option("text", "json")
def diff(before: Path, now: Path, output_format: str) -> None:
    """What changed from BEFORE to NOW, each a review's folder or a scorecard.yaml."""
    from scorecards.compare import compare, comparison_text

    show_product(comparison_text(compare(before, now), output_format), output_format)


@scorecard.command()
@click.option("--target", help="Only the scorecards of this target.")
@click.option(
    "--html", "html_path", type=_PATH, metavar="FILE", help="Also write the page of all weeks: gate by week, and the streak."
)
@format_option("text", "json")
def history(target: str | None, html_path: Path | None, output_format: str) -> None:
    """List the verdicts, week by week; official verdicts never change."""
    from scorecards.history import history_text
    from scorecards.material import read_history

    home = known_state_dir()
    if html_path is not None:
        from scorecards.official_weeks import write_history

        write_history(home, target, html_path)
    show_product(history_text(read_history(home).rows(target), output_format), output_format)


def _latest() -> Path:
    from gates.schema.errors import UsageProblem
    from scorecards.folder import LATEST, REVIEWS

    path = known_state_dir() / REVIEWS / LATEST
    if not path.exists():
        raise UsageProblem("there is no review yet", next_step="gonogo review --profile smoke, or name a folder")
    return path.resolve()
