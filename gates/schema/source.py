"""Where does the value of a criterion come from? Stored evidence, or another tool that an adapter reads."""

from typing import TypeAlias

import msgspec

from gates.schema.canonical import Json, canonical_json, sha256_hex
from gates.schema.outcome import Priority
from gates.schema.register import Register, review_command

ADAPTED = "urn:gonogo:evidence:adapter:v2"
"""The kind of every statement that `gonogo evidence collect` signs; which source it is about is in its inputs."""
VALUE = "value"
"""The name of the one measure of such a statement."""
REQUEST = "source.json"
"""The raw file of such a statement that holds what was request."""
ACT, DOCUMENT = "act.intoto.json", "measures.yaml"
ABOUT = "about"
"""The raw file of an attestation's statement that holds what was attested."""
"""The raw files that hold a person's signed act, and a document of measures of one's own."""
COLLECT = "gonogo evidence collect --target T --gates GATES"
USUAL_TIMEOUT = "30s"
DESCRIBED = ("produced_by", "timeout")  # members that say nothing about what is measured


class EvidenceSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="adapter", tag="evidence"):
    """One measure of the newest fitting evidence statement of a kind.

    `predicate_type` is the statement's kind, `measure` the name inside it, `produced_by` the command that collects it.
    """

    predicate_type: str
    measure: str
    produced_by: str = ""


class RegisterSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="adapter", tag="register"):
    """The open items of a register, of this `severity` or a worse one: `gonogo finding` and `gonogo incident` keep it.

    Without an item that counts the criterion is unknown unless somebody reviewed the register within `max_age`, at most 7 days.
    """

    register: Register
    severity: Priority = Priority.P0

    @property
    def produced_by(self) -> str:
        """The command that reviews the register."""
        return review_command(self.register)

    @property
    def predicate_type(self) -> str:
        """The kind of what is judged: entries of the register, which are in no statement."""
        return f"urn:gonogo:register:{self.register.value}:v1"

    @property
    def measure(self) -> str:
        """What is counted."""
        return f"open_{self.severity.value.lower()}"


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One place of a document: the RFC 6901 `pointer` of a JSON or YAML value, or a `pattern` with one group over its text.

    The pattern is a Python regular expression that must match exactly once.
    """

    pointer: str | None = None
    pattern: str | None = None


class _Collected(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, tag_field="adapter"):
    """What every adapter's source has: a `timeout`, and the command that collects it."""

    timeout: str = USUAL_TIMEOUT
    produced_by: str = COLLECT

    @property
    def predicate_type(self) -> str:
        """The kind of the statements that collecting signs."""
        return ADAPTED

    @property
    def measure(self) -> str:
        """The measure of such a statement."""
        return VALUE


class _FromFiles(_Collected, frozen=True, kw_only=True):
    """A source that reads files of another tool.

    `run` is an argument list that makes the files; each of them must then be new, and the evidence is about the build that
    runs now. Without it `build` is where the file names its build, and `time` where it names when it was made: a file that
    names no build decides no P0 gate, and one that names neither is stale. `exit_codes` are those of `run` after which the files
    count, `environment` the variables that it gets. `utc_offset` is that of a time without a zone.
    """

    run: tuple[str, ...] = ()
    exit_codes: tuple[int, ...] = (0,)
    environment: tuple[str, ...] = ()
    build: Place | None = None
    time: Place | None = None
    utc_offset: str | None = None


class FileSource(_FromFiles, frozen=True, kw_only=True, tag="file"):
    """A value in one JSON, YAML or text file; `samples` and `failures` are the counts that it is made of."""

    path: str
    value: Place
    samples: Place | None = None
    failures: Place | None = None


class JunitSource(_FromFiles, frozen=True, kw_only=True, tag="junit"):
    """The test cases of JUnit XML files (`paths` may be patterns such as reports/*.xml).

    With the unit `ratio` the share that passed, with `count` the number of those that failed or ended with an error. Skipped
    cases count against either. `build` and `time` take no pointer: the files' own `timestamp` is their time, and the property
    that `build_property` names is their build.
    """

    paths: tuple[str, ...]
    build_property: str | None = None


class K6Source(_FromFiles, frozen=True, kw_only=True, tag="k6"):
    """One number of a k6 summary: of `--summary-export`, or the data of `handleSummary` written as JSON.

    `metric` is a name such as http_req_failed, `number` one of its numbers: rate, count, value, avg, min, med, max, p(95).
    `samples_metric` is the metric whose count says how many there were.
    """

    path: str
    metric: str
    number: str
    samples_metric: str = "http_reqs"


class LocustSource(_FromFiles, frozen=True, kw_only=True, tag="locust"):
    """Requests and failures of Locust's statistics: `--csv` (PREFIX_stats.csv) or `--json`.

    With the unit `ratio` the share that failed, with `count` the number of failures. `name` is one request's name, else all
    count. Locust rounds response times to two digits and mixes those of failures in, so they are shown and never judged.
    """

    path: str
    name: str | None = None


class SarifSource(_FromFiles, frozen=True, kw_only=True, tag="sarif"):
    """The number of open results in SARIF 2.1.0 files, of these `levels` and, if given, `rules` (patterns such as CWE-*).

    Every run has to state `executionSuccessful: true`. Results that are suppressed, or absent since the baseline, are closed.
    """

    paths: tuple[str, ...]
    levels: tuple[str, ...] = ("error",)
    rules: tuple[str, ...] = ()


class HttpSource(_Collected, frozen=True, kw_only=True, tag="http"):
    """A value in the answer of one GET request.

    `url` is a path of the target, or an address elsewhere. `role` names the target's credential to send; `headers` may hold
    `${NAME}` from the environment.
    """

    url: str
    value: Place
    samples: Place | None = None
    failures: Place | None = None
    role: str | None = None
    headers: dict[str, str] = {}


class CommandSource(_Collected, frozen=True, kw_only=True, tag="command"):
    """A value on the stdout of a command, or without `value` its exit code.

    `argv` is run without a shell in the working folder; any exit code that is not among `exit_codes` is no answer.
    `environment` are the variables that it gets, in addition to PATH, HOME, LANG and TZ.
    """

    argv: tuple[str, ...]
    value: Place | None = None
    samples: Place | None = None
    failures: Place | None = None
    exit_codes: tuple[int, ...] = (0,)
    environment: tuple[str, ...] = ()


class Range(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A range query: every `step` of the last `window` has to have a value, and `reduce` is max, min or mean of them."""

    window: str
    step: str
    reduce: str


class PrometheusSource(_Collected, frozen=True, kw_only=True, tag="prometheus"):
    """One number that Prometheus computes.

    `query` gives exactly one series, `samples` the number of opportunities to fail behind it, and `failures` how many failed.
    `scraped` gives one series for each thing that is scraped, each 1: `up{job="payments"}`. `url` is the target's `prometheus`
    where it is left out; `headers` may hold `${NAME}` from the environment.
    """

    query: str
    samples: str
    scraped: str
    failures: str | None = None
    range: Range | None = None
    url: str | None = None
    headers: dict[str, str] = {}


class AttestationSource(_Collected, frozen=True, kw_only=True, tag="attestation"):
    """A person's signed word about what no program can measure (`gonogo evidence attest`): 1 while it is in force.

    `about` is the GATE/CRITERION that was attested. `document` is the file that shows it, if the attestation names one.
    """

    about: str
    document: str | None = None


class OwnSource(_Collected, frozen=True, kw_only=True, tag="own"):
    """A source that an installed adapter reads: `name` is its entry point in the group gonogo.adapters, `options` are its own.

    `environment` are the variables that it gets.
    """

    name: str
    options: dict[str, Json] = {}
    environment: tuple[str, ...] = ()


CollectedSource: TypeAlias = (
    PrometheusSource
    | HttpSource
    | CommandSource
    | FileSource
    | JunitSource
    | K6Source
    | LocustSource
    | SarifSource
    | AttestationSource
    | OwnSource
)
FilesSource: TypeAlias = FileSource | JunitSource | K6Source | LocustSource | SarifSource
Source: TypeAlias = EvidenceSource | RegisterSource | CollectedSource


class Sought(msgspec.Struct, frozen=True):
    """Which statements can judge a criterion: those of this kind and, if an adapter collects them, from this source."""

    predicate_type: str
    source: str | None = None


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an adapter is queried for: a source, and the unit and statistic that the value is to have."""

    source: CollectedSource
    unit: str
    statistic: str | None = None


def with_command(source: Source, command: str) -> Source:
    """The source with another command that collects it; a register names its own."""
    return source if isinstance(source, RegisterSource) else msgspec.structs.replace(source, produced_by=command)


def adapter_of(source: Source) -> str:
    """The name of a source's adapter."""
    return str(type(source).__struct_config__.tag)


def request_bytes(request: Request) -> bytes:
    """A request as canonical JSON: its sha256 names the source in a statement."""
    kept = msgspec.structs.replace(request.source, produced_by=COLLECT, timeout=USUAL_TIMEOUT)
    return canonical_json(msgspec.structs.replace(request, source=kept))


def source_sha256(request: Request) -> str:
    """The digest of a source: a statement from another query, path or argument list is not about it."""
    return sha256_hex(request_bytes(request))
