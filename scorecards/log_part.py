"""The part of the log that a review folder carries: is it whole, does it begin early enough, and was all of it judged?"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from gates.evidence.contents import Contents
from gates.evidence.dsse import TrustRoot
from gates.evidence.store import LOG_BUNDLE, Held
from gates.evidence.unfinished import unfinished
from gates.log.file import LOG
from gates.log.known import read_part
from gates.relevant import dated_after, marked, relevant
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UnverifiedProblem
from gates.schema.time import parse_utc, week_start
from gates.shown_red import shown_red
from scorecards import folder
from scorecards.build import BuildInputs
from scorecards.log_notes import log_notes, note_lines


def read_logged(path: Path, root: TrustRoot, inputs: BuildInputs) -> Contents:
    """The entries and every envelope that they list, up to the head that the inputs name.

    Raises UnverifiedProblem for a part that ends elsewhere, that begins after the last official card, or without an envelope.
    """
    part = read_part(path, root)
    envelopes = {sha256_hex(line): line for line in folder.read_file(path / LOG_BUNDLE).splitlines()}
    for line in part:
        if line.entry.object not in envelopes:
            what = f"{line.entry.kind.value} {line.entry.object}"
            raise UnverifiedProblem(f"{LOG_BUNDLE}: does not hold the {what}, which entry {line.entry.seq} of {LOG} lists")
    contents = Contents(part, {line.entry.object: envelopes[line.entry.object] for line in part}, root, str(path / LOG))
    if str(contents.head) != inputs.log_head:
        raise UnverifiedProblem(f"{LOG} ends with {contents.head}, the inputs name {inputs.log_head}")
    first = part[0].entry
    cards = {sha256_hex(line) for line in folder.read_lines(path / folder.HISTORY_FILE)}
    if first.seq > 1 and first.object not in cards:
        text = f"{LOG} begins with entry {first.seq}, which is not an official card: earlier entries are left out"
        raise UnverifiedProblem(text)
    return contents


def require_noted(contents: Contents, inputs: BuildInputs) -> None:
    """The inputs say what the log shows: that it was restored, and that a clock went backwards."""
    shown = msgspec.structs.replace(log_notes(contents), left_out=inputs.log.left_out)
    if shown != inputs.log:
        text = f"{folder.INPUTS_FILE}: does not say what {LOG} shows"
        raise UnverifiedProblem(" ".join([f"{text}:", *note_lines(shown)]).removesuffix(":"))


def require_judged(contents: Contents, root: TrustRoot, inputs: BuildInputs, held: Sequence[Held]) -> None:
    """Everything that the log lists and that matters to the judgement was judged.

    Raises UnverifiedProblem naming a statement that the bundle leaves out, such as a red run, or a run without a statement that
    the inputs leave out.
    """
    now, bundled = parse_utc(inputs.now), {item.digest for item in held}
    logged = [folder.compact(item) for item in contents.statements(root)]
    evidence = _marked([*held, *logged], inputs)
    for item in relevant(inputs.gates, evidence, inputs.reviewed, now):
        if item.digest not in bundled:
            text = f"{folder.BUNDLE_FILE}: leaves out the {item.statement.predicate.kind} {item.digest}"
            raise UnverifiedProblem(f"{text}, which {LOG} lists and which the judgement has to look at")
    _require_shown(contents, root, inputs)
    said = {run.run for run in inputs.unfinished}
    for run in unfinished(contents, week_start(now)):
        if run.target == inputs.target and run.run not in said:
            text = f"{folder.INPUTS_FILE}: leaves out the {run.step} {run.run} that {LOG} lists"
            raise UnverifiedProblem(f"{text}: it began in this week and left no statement")


def _require_shown(contents: Contents, root: TrustRoot, inputs: BuildInputs) -> None:
    """The inputs hold every red run of this week that an earlier scorecard in this part of the log showed."""
    said = {(run.evidence, stop) for run in inputs.shown for stop in run.stops}
    builds = {one.build for one in inputs.reviewed.values()}
    for run in shown_red(contents, root, builds, parse_utc(inputs.now)):
        if missing := [stop for stop in run.stops if (run.evidence, stop) not in said]:
            what = f"{missing[0].gate} {missing[0].criterion} failed by the run {run.evidence}"
            text = f"{folder.INPUTS_FILE}: leaves out that {what}"
            raise UnverifiedProblem(f"{text}, which a scorecard that {LOG} lists showed in this week")


def _marked(evidence: Sequence[Held], inputs: BuildInputs) -> list[Held]:
    """The statements, marked where the inputs leave them out: all here that are of later than a chosen moment, or none."""
    left_out, here = set(inputs.log.left_out), {item.digest for item in evidence}
    if not left_out:
        return list(evidence)
    later = {item.digest for item in dated_after(inputs.gates, evidence, inputs.reviewed, parse_utc(inputs.now))}
    if wrong := (left_out & here) ^ later:
        text = f"{folder.INPUTS_FILE}: leaves out other statements than those of later than its moment"
        raise UnverifiedProblem(f"{text}: {min(wrong)}")
    return marked(evidence, later)
