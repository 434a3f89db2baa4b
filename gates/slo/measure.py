"""`gonogo slo measure`: ask Prometheus about every SLO's window, keep its answers, and sign what they give."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from gates.evidence.dsse import Signer
from gates.evidence.identity import make_subject, target_sha256
from gates.evidence.making import Result, Span, make_predicate
from gates.evidence.observation import cite
from gates.evidence.recomputed import Recomputed
from gates.evidence.recording import Recording
from gates.evidence.statement import EvidenceKind, Inputs, Measure, short_kind
from gates.evidence.store import EvidenceStore, Held
from gates.probes.raw import read_raw
from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.source import REQUEST
from gates.schema.target import NamedTarget, resolve
from gates.schema.time import Clock, format_utc, monotonic_s
from gates.slo.document import Slo, load_slos, slo_digests, target_documents
from gates.slo.prometheus_api import Prometheus
from gates.slo.window import Window, answer_file, measure_name, slot_s, window_measures, window_queries

KIND: Final = EvidenceKind.SLO_WINDOW
TOOL = "gonogo slo measure"
_UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}


class _Scraped(msgspec.Struct, frozen=True):
    """One thing that Prometheus scrapes, and how often."""

    labels: dict[str, str] = {}
    scrape_interval: str = msgspec.field(name="scrapeInterval", default="")


class _Targets(msgspec.Struct, frozen=True):
    active: tuple[_Scraped, ...] = msgspec.field(name="activeTargets", default=())


class _Runtime(msgspec.Struct, frozen=True):
    retention: str = msgspec.field(name="storageRetention", default="")


class Measuring(msgspec.Struct, frozen=True):
    """Who measures, about which service: the store, the build that runs, whether only --build says so, the variables."""

    store: EvidenceStore
    signer: Signer
    clock: Clock
    named: NamedTarget
    build: str
    is_given: bool
    environ: Mapping[str, str]


class Measured(msgspec.Struct, frozen=True):
    """What was signed, about which window."""

    window: Window
    measures: dict[str, Measure]
    held: Held


def slos_of(documents: Sequence[Path], named: NamedTarget) -> tuple[Slo, ...]:
    """The SLOs of the documents that were given, or of those that the target file names.

    Raises UsageProblem where neither names one, and for two whose measures would have the same name.
    """
    places = tuple(documents) or target_documents(named)
    if not places:
        hint = "name documents on the command line, or in spec.slos of the target file (runbooks/slo.md)"
        raise UsageProblem(f"the target {named.name} names no SLO documents", next_step=hint)
    slos = load_slos(*places)
    names = [measure_name(slo) for slo in slos]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        paths = ", ".join(slo.path for slo in slos if measure_name(slo) == doubled[0])
        raise UsageProblem(f"two SLOs would be the measure {doubled[0]}: {paths}", next_step="measure them for two targets")
    return slos


def prometheus_url(given: str | None, named: NamedTarget, environ: Mapping[str, str]) -> str:
    """The address that was given, or the target's `prometheus`; raises UsageProblem for none, and for one with a password."""
    url = given or (resolve(named.target.prometheus, environ) if named.target.prometheus else "")
    if not url:
        hint = "name it with --prometheus URL, or in spec.prometheus of the target file"
        raise UsageProblem(f"the target {named.name} names no Prometheus", next_step=hint)
    if "@" in urlsplit(url).netloc:
        raise UsageProblem("the address of Prometheus holds a user name or a password", next_step="leave them out")
    return url


def measured_by(given: str | None, named: NamedTarget, environ: Mapping[str, str]) -> NamedTarget:
    """The target with the Prometheus that was given in place of its own: what that one says is about another target file."""
    own = named.target.prometheus
    if given is None or (own is not None and resolve(own, environ).rstrip("/") == given.rstrip("/")):
        return named
    return msgspec.structs.replace(named, target=msgspec.structs.replace(named.target, prometheus=given))


def why_unread(slos: Sequence[Slo], given: str | None, named: NamedTarget, environ: Mapping[str, str]) -> str:
    """Why no gate reads what is measured so; "" where gates do. Whoever measures chooses neither the server nor what is good."""
    wrong = ["spec.prometheus does not name this server"] if measured_by(given, named, environ) is not named else []
    places = target_documents(named)
    if not set(slo_digests(slos)) <= set(slo_digests(load_slos(*places)) if places else ()):
        wrong.append("spec.slos does not name these documents")
    return f"no gate reads this, for in the target file of {named.name} {' and '.join(wrong)}" if wrong else ""


def measure(slos: Sequence[Slo], server: Prometheus, measuring: Measuring) -> Measured:
    """Ask about each SLO and sign the measures; raises UnknownProblem, once that is signed, where Prometheus does not answer."""
    at = measuring.clock().replace(microsecond=0)
    started, begun_s = format_utc(measuring.clock()), monotonic_s()
    store, signer, named = measuring.store, measuring.signer, measuring.named
    recording = Recording(store, signer, store.begin_run(signer, step=short_kind(KIND), target=named.name))
    problem = None
    bare = tuple(msgspec.structs.replace(slo, path="") for slo in slos)
    window = Window(format_utc(at), bare, {})
    try:
        window = _queried(window, server, at)
        measures = window_measures(window, server.raw)
        result = Result(measures, {"target_of": {measure_name(slo): slo.target for slo in slos}})
    except UnknownProblem as caught:
        problem, measures = caught, {}
        result = Result({}, {}, "adapter_error", caught.message)
    source = canonical_json(window)
    result = msgspec.structs.replace(result, artifacts=recording.keep({REQUEST: source, **server.raw}))
    span = Span(started, format_utc(measuring.clock()), round((monotonic_s() - begun_s) * 1000))
    about = (named, measuring.build)
    observed = cite(store, signer, measuring.clock, *about, given=measuring.is_given, environ=measuring.environ)
    inputs = Inputs(target_sha256(named), source=sha256_hex(source), queried_at=window.at, slos=slo_digests(slos))
    predicate = make_predicate(KIND, TOOL, span, inputs, result, observed)
    held = recording.sign(KIND, make_subject(named, measuring.build, measuring.environ), predicate)
    if problem is not None:
        raise problem
    return Measured(window, measures, held)


def recompute(folder: Path) -> Recomputed:
    """The measures again, from the raw files in a folder; raises UsageProblem for a file that is missing or malformed."""
    window = read_raw(folder / REQUEST, Window)
    names = [answer_file(slo, part) for slo in window.slos for part in window_queries(slo, window.slots_s.get(slo.job, 0))]
    lost = [name for name in names if not (folder / name).is_file()]
    if lost:
        raise UsageProblem(f"{folder / lost[0]}: no such file")
    try:
        measures = window_measures(window, {name: (folder / name).read_bytes() for name in names})
    except UnknownProblem as problem:
        raise UsageProblem(problem.message) from None
    return Recomputed(short_kind(KIND), measures, "complete")


def _queried(window: Window, server: Prometheus, at: dt.datetime) -> Window:
    """The window with what was found out to query it; the answers are in `server.raw`."""
    scraped = {
        one.labels.get("job", ""): one.scrape_interval for one in server.status("targets", _Targets, state="active").active
    }
    lost = sorted({slo.job for slo in window.slos} - scraped.keys())
    if lost:
        jobs = ", ".join(sorted(scraped)) or "none"
        hint = f"its jobs are {jobs}: name one of them in gonogo/job, or add the job to Prometheus"
        raise UnknownProblem(f"Prometheus scrapes no job {lost[0]}", next_step=hint)
    slots = {slo.job: slot_s(_seconds(scraped[slo.job])) for slo in window.slos}
    kept = int(_seconds(server.status("status/runtimeinfo", _Runtime).retention.partition(" or ")[0]))
    for slo in window.slos:
        for part, query in window_queries(slo, slots[slo.job]).items():
            server.number(query, at, name=answer_file(slo, part))
    return msgspec.structs.replace(window, slots_s=slots, kept_s=kept)


def _seconds(text: str) -> float:
    """Seconds in a duration as Prometheus writes it, such as 1m30s; 0 for a size, which limits no time."""
    found = re.findall(r"([0-9]+)(ms|[smhdwy])", text)
    is_whole = "".join(number + unit for number, unit in found) == text
    return float(sum(int(number) * _UNITS_S[unit] for number, unit in found)) if is_whole else 0.0
