"""The weekly review: load, rehearse, judge, report. Every step is a command of another package that leaves evidence."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from drills.process import NeverReady, Service
from gates.build import OR_NAME, make_reviewed, read_build
from gates.evidence.identity import OBSERVATION
from gates.evidence.keys import load_signer
from gates.evidence.observation import observe
from gates.evidence.reported import WrongBuild
from gates.evidence.store import EvidenceStore
from gates.schema.canonical import canonical_json
from gates.schema.errors import Problem, UnknownProblem
from gates.schema.practice import seed_two_tenants
from gates.schema.rooms import room_argv
from gates.schema.time import Clock, system_clock
from scorecards.evaluate import Occasion, evaluate, point_latest
from scorecards.material import read_material
from scorecards.needs import GUIDE, Need
from scorecards.not_run import record_not_run
from scorecards.order import Order
from scorecards.plan import STEPS, Step, applying, why_not
from scorecards.runbooks import write_runbooks
from scorecards.schema import Scorecard
from scorecards.steps import StepResult, cause, outcome_in_words, run_command
from scorecards.stored import bar_inputs, open_store
from scorecards.voice import Voice

STEPS_FILE = "steps.json"
PRIVATE = "*.key"
_SEED_LIMIT = 2**31
_NO_BUILD = "add spec.build to the target file: where the service reports its build (runbooks/targets.md)"
_NOT_STARTED = "the service did not start"  # what a command of the target printed is in steps.json, and in no statement
_RUNNING = ("service", "rail", "sources", "window", "funnel", "sign_in", "setups")  # steps that need the running service


class Found(msgspec.Struct, frozen=True):
    """What the steps left: the sha256 of the build under test, "" if it could not be read, and what has to be done first."""

    build: str
    needs: tuple[Need, ...]


def collect(order: Order, voice: Voice) -> Found:
    """Run every step to collect evidence.

    A step that fails does not stop the others: its evidence is missing, and the scorecard shows that.
    """
    results: list[StepResult] = []
    build, needs = "", order.needs
    numbered = list(enumerate(applying(STEPS, order.gates, order.left_out), 1))
    with _service(order, voice) as (service_environ, note):
        if note:
            needs = (*needs, Need("service", f"See why the service did not start: {note.splitlines()[0]}.", GUIDE))
        elif order.named.target.build is None:
            voice.say(f"no evidence will count: the target {order.named.name} has no `build`\n  next: {_NO_BUILD}")
        else:
            build, unread = _read_build(order, service_environ, voice)
            needs = (*needs, *unread)
        environ = {**service_environ, **_observed(order, build, service_environ)}
        for number, step in numbered:
            if step.needs in _RUNNING:
                results.append(_run(order, step, number, environ, build, voice, _why_not(order, step, note)))
    for number, step in numbered:
        if step.name == "secret-scan":
            _draft(order, build, environ, voice, number)  # for the scan to read, and for the determinism probe to build again
        if step.needs not in _RUNNING:
            results.append(_run(order, step, number, environ, build, voice, _why_not(order, step)))
    shutil.rmtree(order.out / "draft", ignore_errors=True)
    (order.out / STEPS_FILE).write_bytes(canonical_json(results) + b"\n")
    return Found(build, needs)


def judge(order: Order, found: Found, clock: Clock) -> Scorecard:
    """Judge all stored evidence and write the scorecard into the review's folder."""
    store, reviewed = open_store(order.home, None), make_reviewed(order.named, found.build, order.profile)
    name, because = order.named.name, order.preview_because
    with store.held():
        material = read_material(order.home, store, order.gates, order.waivers_path, bar_inputs(order.named))
        week = order.week
        occasion = Occasion.at(
            clock(),
            target=name,
            reviewed=reviewed,
            week=week,
            preview_because=because,
            named_as=order.named_as,
            by_hand=order.by_hand,
            needs=found.needs,
        )
        scorecard = evaluate(store, occasion, material, order.out)
    folder = order.gates_path if order.gates_path.is_dir() else order.gates_path.parent
    linked = {gate.runbook for gate in scorecard.spec.gates} | {action.runbook for action in scorecard.spec.actions}
    write_runbooks(linked - {""}, folder, order.out)
    point_latest(order.home, order.out)
    return scorecard


def _why_not(order: Order, step: Step, note: str = "") -> str:
    """Why a step is not run, "" if it is: what the target file lacks is said also of a step that was left out."""
    return why_not(step, order.named.target) or order.left_out.get(step.name, "") or note


@contextmanager
def _service(order: Order, voice: Voice) -> Iterator[tuple[Mapping[str, str], str]]:
    """The service under test, and its environment; if it cannot be started the note has the reason, and the review continues."""
    base = {**os.environ, "GONOGO_HOME": str(order.home)}
    target = order.named.target
    if target.process is None:
        yield base, ""
        return
    db = order.out / "service" / "service.db"
    db.parent.mkdir(mode=0o700)
    try:
        environ = {**base, **seed_two_tenants(target.process, db, base)}
        service = Service(target, db=db, logs=order.out / "logs", environ=environ)
        service.start()
    except NeverReady as problem:
        voice.say(f"{_NOT_STARTED}: {problem}")
        yield base, f"{problem.message} ({problem.next_step})"
        return
    except (Problem, OSError) as problem:
        voice.say(f"{_NOT_STARTED}: {problem}")
        yield base, f"{_NOT_STARTED}: {problem}"
        return
    voice.say(f"service: pid {service.identity.pid} at {service.url}, a fresh database with demo data")
    try:
        yield service.environ, ""
    finally:
        service.stop()


def _read_build(order: Order, environ: Mapping[str, str], voice: Voice) -> tuple[str, tuple[Need, ...]]:
    """The build that the service reports; "" and what has to be done where it reports none."""
    try:
        return read_build(order.named, environ), ()
    except (UnknownProblem, WrongBuild) as problem:
        next_step = problem.next_step.removesuffix(OR_NAME)
        voice.say(f"no evidence will count: {problem.message}\n  next: {next_step}")
        return "", (Need("service", f"Let gonogo read which build runs ({problem.message}): {next_step}.", GUIDE),)


def _observed(order: Order, build: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The variable that names the signed observation of the build to every step; none where the build is not known."""
    if not build:
        return {}
    store, signer = EvidenceStore(order.evidence), load_signer(order.home)
    return {OBSERVATION: observe(store, signer, system_clock, order.named, build, environ)}


def _run(
    order: Order, step: Step, number: int, environ: Mapping[str, str], build: str, voice: Voice, why_skipped: str
) -> StepResult:
    fields = {
        "target": order.target,
        "evidence": str(order.evidence),
        "profile": order.profile,
        "out": str(order.out),
        "seed": str(order.seed % _SEED_LIMIT),
        "build": build,
        "gates": str(order.gates_path),
    }
    words = tuple(_filled(step.argv, fields, order.out))
    shown = tuple(word.replace(str(order.out), "OUT").replace(str(order.evidence), "EVIDENCE") for word in words)
    if why_skipped:
        why = why_skipped.splitlines()[0]
        voice.step(number, step.title, f"not run: {why}")
        record_not_run(order, step, _NOT_STARTED if why.startswith(_NOT_STARTED) else why, build, environ)
        return StepResult(step.name, shown, None, 0, why)
    log = order.out / "logs" / step.name
    code, elapsed_ms = run_command(room_argv(*words), environ, log, voice, number, step.title)
    voice.step(number, step.title, f"{outcome_in_words(code)}, {elapsed_ms / 1000:.1f} s")
    note = ""
    if code != 0:
        note = cause(log)
        voice.say(f"      exit {code}, see logs/{step.name}.out and .err" + (f": {note}" if note else ""))
    return StepResult(step.name, shown, code, elapsed_ms, "")


def _filled(argv: Iterable[str], fields: Mapping[str, str], out: Path) -> Iterator[str]:
    for word in argv:
        if word == "{artifacts}":
            yield from (str(path) for path in artifacts(out))
        else:
            yield word.format_map(fields)


def artifacts(out: Path) -> Iterator[Path]:
    """Everything that a review has written, in as few paths as there can be, without private keys.

    A service that runs here keeps its signing key next to its database, in a file that only its owner can read. That is
    its private state; the scan finds the same key in any other file, and any other secret in any file.
    """
    for path in sorted(out.iterdir()):
        if path.is_dir() and any(path.rglob(PRIVATE)):
            yield from artifacts(path)
        elif not path.match(PRIVATE):
            yield path


def _draft(order: Order, build: str, environ: Mapping[str, str], voice: Voice, number: int) -> None:
    """A scorecard of the evidence so far, for the determinism probe to build again; it is not kept in the history."""
    options = ["--draft", "--target", order.target, "--profile", order.profile, "--build", build]
    for name, path in (("--evidence", order.evidence), ("--gates", order.gates_path), ("--waivers", order.waivers_path)):
        options += [name, str(path)] if path else []
    argv = room_argv("scorecards", "scorecard", "build", "--out", str(order.out / "draft"), *options)
    run_command(argv, environ, order.out / "logs" / "draft", voice, number, "draft scorecard")
