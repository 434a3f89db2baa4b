"""The files of a starting folder, by path. Pure but for reading our own templates and the shipped gates."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gates.build import profile_path
from gates.schema.catalogs import SERVICE, catalog
from gates.schema.gate import Gate
from gates.schema.gateset import load_gate_files
from scorecards.starter.answers import Answers, Slo
from scorecards.starter.lists import Guess
from scorecards.starter.target import Part, target_parts

TEMPLATES = Path(__file__).with_name("templates")
GATES, RUNBOOK = "gates", "runbooks/gates.md"
_FILES = {
    "gonogo.yaml": "gonogo.yaml.j2",
    "target.yaml": "target.yaml.j2",
    "README.md": "README.md.j2",
    RUNBOOK: "runbook.md.j2",
    "waivers/README.md": "waivers.md.j2",
    "freeze.yaml": "freeze.yaml.j2",
    "changes/README.md": "changes.md.j2",
    ".github/workflows/gonogo.yml": "workflow.yml.j2",
    ".gitignore": "gitignore.j2",
}
_MONEY = "Stop new payments while you look: if it is true, money moved twice, or not at all. Correct nothing by hand."
_FIRST = {
    "no-double-settle": _MONEY,
    "no-lost-settle": _MONEY,
    "crash": _MONEY,
    "secrets": "Replace the secret that was found, then find what wrote it.",
    "latency": "Look at what the service waited for under load.",
    "load-test": "Look at which requests of the k6 script failed.",
    "tests": "Run the failing tests alone, and read what they report.",
    "slo": "Look at which requests failed, and when.",
    "rollback": "Roll back by hand, and write down what the rehearsal lacked.",
}


class GateText(msgspec.Struct, frozen=True):
    """One gate in the runbook; `first` is what to do first."""

    id: str
    question: str
    first: str


class Numbered(msgspec.Struct, frozen=True):
    """One step of the README."""

    number: int
    text: str


class SloText(msgspec.Struct, frozen=True):
    """The members of the service level's source, each as YAML."""

    url: str
    query: str
    requests: str
    failed: str
    up: str


class Starter(msgspec.Struct, frozen=True):
    """What the templates place."""

    name: str
    owner: str
    target: tuple[Part, ...]
    gates: tuple[GateText, ...]
    first: tuple[Numbered, ...]
    left_out: tuple[str, ...]
    owner_yaml: str
    junit_yaml: str
    k6_yaml: str
    slo: SloText | None
    zone_yaml: str
    launch_yaml: str


def starting_files(answers: Answers, found: Mapping[str, Guess]) -> dict[str, str]:
    """Every file with its text, by its path in the folder."""
    chosen = tuple(_chosen(answers))
    gates = [GateText(gate.id, gate.question, _FIRST[gate.id]) for _, gate, _ in chosen]
    gates += [GateText("tests", "Do its own tests pass?", _FIRST["tests"])] if answers.junit else []
    gates += [GateText("load-test", "Does the k6 script see failures?", _FIRST["load-test"])] if answers.k6 else []
    gates += [GateText("slo", "Is it available as promised?", _FIRST["slo"])] if answers.slo else []
    files = {
        **_FILES,
        **({f"{GATES}/7-tests.yaml": "tests.yaml.j2"} if answers.junit else {}),
        **({f"{GATES}/8-slo.yaml": "slo.yaml.j2"} if answers.slo else {}),
        **({f"{GATES}/9-load-test.yaml": "k6.yaml.j2"} if answers.k6 else {}),
    }
    starter = Starter(
        name=answers.name,
        owner=answers.owner,
        target=target_parts(answers, found),
        gates=tuple(gates),
        first=tuple(Numbered(number, text) for number, text in enumerate(_first(answers, found), 1)),
        left_out=tuple(left_out(answers, found)),
        owner_yaml=_one_line(answers.owner),
        junit_yaml=_one_line(list(answers.junit)),
        k6_yaml=_one_line(answers.k6),
        slo=None if answers.slo is None else _slo_text(answers.slo),
        zone_yaml=_one_line(answers.zone),
        launch_yaml=answers.launch,
    )
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=False,  # noqa: S701  # text and YAML, not HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    texts = {path: environment.get_template(name).render(starter=starter) for path, name in files.items()}
    own = {f"{GATES}/{name}": _own(text, gate, answers.owner) for name, gate, text in chosen}
    return {**texts, "profile.yaml": _profile(answers), **own}


def left_out(answers: Answers, found: Mapping[str, Guess]) -> Iterator[str]:
    """What this folder does not ask or cannot show, and what it would need."""
    if _no_rollback(answers):
        what = "no command starts a release that fails (--candidate)" if answers.start else "no command deploys and rolls back"
        yield f"The gate `rollback`: {what}{'' if answers.start else ' (--deploy and --rollback)'}."
    if not answers.junit:
        yield "The gate `tests`: no JUnit files are named (--junit)."
    if not answers.k6:
        yield "The gate `load-test`: no summary of k6 is named (--k6)."
    if answers.slo is None:
        yield "The gate `slo`: no Prometheus is named (--prometheus)."
    if not answers.start and not answers.kill:
        yield "A way to crash it: `crash` stays unknown until target.yaml has `process`, or `commands` to kill and restore it."
    if "ledger" not in found and "settlements" not in found:
        yield "A place to read settlements back: the gates of money stay unknown until target.yaml has `audit`."
    if not answers.launch:
        yield "The freeze around the launch: freeze.yaml has no window until its time is known (--launch)."
    if "build" not in found:
        yield "The build that runs: all evidence is stale until target.yaml has `build`."


def _first(answers: Answers, found: Mapping[str, Guess]) -> Iterator[str]:
    yield (
        "Read `target.yaml`, and correct what was guessed."
        if found
        else "Write the paths and bodies of your service into `target.yaml`."
    )
    if answers.seed:
        yield "`process.seed` prints `agent_key`, `wallet_id` and `payee_ids` as one JSON object; nothing has to be exported."
    else:
        yield "Export `GONOGO_AGENT_KEY`, `GONOGO_WALLET_ID` and `GONOGO_PAYEE_IDS` (commas between), of accounts made for tests."
    if not answers.start:  # a probe sends to a service that runs already
        yield "Run `gonogo load probe`: it makes one payment, and says what was understood and what cannot be judged."
    if answers.junit or answers.slo or answers.k6:
        yield "Run your tests and your k6 script, if there is a gate for them; `gonogo evidence collect` signs what they say."
    yield "Run `gonogo review`. Exit code 2 names what in the files cannot be right."


def _no_rollback(answers: Answers) -> bool:
    return not (answers.deploy or answers.candidate)


def _chosen(answers: Answers) -> Iterator[tuple[str, Gate, str]]:
    """The shipped gates whose evidence there can be: file name, gate and text."""
    for file in load_gate_files(catalog(SERVICE)):
        (gate,) = file.gates
        if gate.id != "rollback" or not _no_rollback(answers):
            yield file.path.name, gate, file.path.read_text(encoding="utf-8")


def _own(text: str, gate: Gate, owner: str) -> str:
    text = re.sub(r"^# yaml-language-server.*\n", "", text)
    text = re.sub(r"^      owner: .*$", lambda _: f"      owner: {_one_line(owner)}", text, flags=re.MULTILINE)
    return re.sub(r"^      runbook: .*$", f"      runbook: {RUNBOOK}#{gate.id}", text, flags=re.MULTILINE)


def _slo_text(slo: Slo) -> SloText:
    query = f"1 - ({slo.failed}) / ({slo.requests})"
    return SloText(*(_one_line(member) for member in (slo.prometheus, query, slo.requests, slo.failed, slo.up)))


def _one_line(value: str | list[str]) -> str:
    """A text, or a list of texts, as YAML on one line."""
    return yaml.safe_dump(value, allow_unicode=True, width=10_000, default_flow_style=True).removesuffix("...\n").strip()


def _profile(answers: Answers) -> str:
    text = profile_path("smoke").read_text(encoding="utf-8")
    text = re.sub(r"^# yaml-language-server.*\n", "# `gonogo load schema` prints what may stand here.\n", text)
    return re.sub(r"^  name: .*$", f"  name: {answers.name}", text, count=1, flags=re.MULTILINE)
