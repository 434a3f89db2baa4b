"""The signed card: a statement about a scorecard, with what later weeks need to know of it."""

import msgspec

from gates.evidence.dsse import Envelope, Signer
from gates.evidence.making import Result, Span, make_predicate
from gates.evidence.statement import PAYLOAD_TYPE, STATEMENT_TYPE, Artifact, EvidenceKind, Inputs, Statement, Subject
from gates.log.entry import Head, parse_head
from gates.schema.canonical import canonical_json, sha256_hex, to_builtins
from gates.schema.errors import UnverifiedProblem, UsageProblem
from gates.schema.printable import printable
from gates.schema.verdict import RedRun
from scorecards.schema import Scorecard, Standing
from scorecards.streak import not_passed, state_of
from scorecards.weekly import PastWeek

YAML_FILE = "scorecard.yaml"
HTML_FILE = "scorecard.html"


class CardFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Week, target and standing; what later weeks keep of it; the YAML of the last official week; the log's head when judged.

    `registers` names the list of the registers' entries then; "" for none. `red_runs` are this week's runs on `builds`
    that failed what alone stops a launch: a later scorecard of the week is held to them (`gates.shown_red`).
    """

    week: str
    target: str
    standing: Standing
    past: PastWeek
    previous: str | None
    log_head: str
    registers: str = ""
    builds: tuple[str, ...] = ()
    red_runs: tuple[RedRun, ...] = ()

    @property
    def head(self) -> Head:
        """The log's head, where there is one; raises UnverifiedProblem for a text that is none."""
        try:
            return parse_head(self.log_head)
        except UsageProblem:
            text = f"the card of {self.week}: {printable(self.log_head)!r} is not the head of a log"
            raise UnverifiedProblem(text) from None


def to_past(scorecard: Scorecard, yaml_sha256: str) -> PastWeek:
    """What later weeks need to know of a scorecard."""
    spec = scorecard.spec
    return PastWeek(
        week=spec.week,
        state=state_of(spec.decision, spec.exit_code),
        decision=spec.decision,
        evaluated_at=spec.evaluated_at,
        yaml_sha256=yaml_sha256,
        bar=spec.bar.state,
        not_passed=not_passed(spec.gates),
    )


def sign_card(
    signer: Signer, scorecard: Scorecard, target_sha256: str, signers: str | None, yaml_bytes: bytes, html_bytes: bytes
) -> Envelope:
    """A signed in-toto statement over both files, with the facts of the card; `signers` is the document in force, by sha256."""
    spec, yaml_sha256 = scorecard.spec, sha256_hex(yaml_bytes)
    previous = spec.inputs.previous
    facts = CardFacts(
        week=spec.week,
        target=spec.target,
        standing=spec.standing,
        past=to_past(scorecard, yaml_sha256),
        previous=None if previous is None else previous.yaml_sha256,
        log_head=spec.inputs.log_head,
        registers=spec.inputs.registers_sha256,
        builds=tuple(sorted(set(spec.builds.values()))),
        red_runs=tuple(run for run in spec.red_runs if run.stops),
    )
    built = to_builtins(facts)
    assert isinstance(built, dict), "a struct becomes a mapping"
    result = Result({}, built, artifacts=(Artifact(YAML_FILE, yaml_sha256, len(yaml_bytes)),))
    span, inputs = Span(spec.evaluated_at, spec.evaluated_at, 0), Inputs(target=target_sha256, signers=signers)
    made = make_predicate(EvidenceKind.SCORECARD, "gonogo scorecard build", span, inputs, result, None)
    predicate = msgspec.structs.replace(made, rehearsal=signer.rehearsal)
    subjects = (Subject(YAML_FILE, {"sha256": yaml_sha256}), Subject(HTML_FILE, {"sha256": sha256_hex(html_bytes)}))
    statement = Statement(STATEMENT_TYPE, subjects, EvidenceKind.SCORECARD.value, predicate)
    return signer.sign(PAYLOAD_TYPE, canonical_json(statement))


def facts_of(statement: Statement, origin: str) -> CardFacts:
    """The facts of a card; raises UnverifiedProblem for a statement that is none, or that contradicts itself."""
    if statement.predicate_type != EvidenceKind.SCORECARD:
        raise UnverifiedProblem(f"{origin}: is a statement of type {printable(statement.predicate_type)}, not a scorecard's")
    try:
        facts = msgspec.convert(statement.predicate.facts, CardFacts)
    except msgspec.ValidationError as error:
        raise UnverifiedProblem(f"{origin}: not the facts of a scorecard: {printable(str(error))}") from None
    named = {subject.name: subject.digest.get("sha256") for subject in statement.subject}
    if named.get(YAML_FILE) != facts.past.yaml_sha256 or facts.past.week != facts.week:
        raise UnverifiedProblem(f"{origin}: its facts are about another scorecard.yaml than it signs")
    return facts
