"""`gonogo init`: what it writes, what it refuses, and that a review runs in it."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import own_service
import pytest
import small_payments
import yaml

from gates.schema.gateset import load_gates
from gates.schema.project import load_project
from gates.schema.readback import ByLastId, States
from gates.schema.target import load_target
from scorecards.cli import gonogo
from scorecards.starter.answers import QUESTIONS, ask

pytestmark = pytest.mark.each_python

Run = Callable[..., tuple[int, str, str]]
SERVICE = [sys.executable, own_service.__file__]
START = shlex.join([*SERVICE, "serve", "--port", "{port}", "--db", "{db}"])
SEED = shlex.join([*SERVICE, "seed", "--db", "{db}"])
FILES = [
    ".github/workflows/gonogo.yml",
    ".gitignore",
    "README.md",
    "changes/README.md",
    "freeze.yaml",
    "gates/1-no-double-settle.yaml",
    "gates/2-no-lost-settle.yaml",
    "gates/3-crash.yaml",
    "gates/4-secrets.yaml",
    "gates/5-latency.yaml",
    "gonogo.yaml",
    "profile.yaml",
    "runbooks/gates.md",
    "target.yaml",
    "waivers/README.md",
]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `gonogo ...` in an empty folder; gives the exit code and what was printed."""
    from gates.schema.entry import run as enter

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))

    def call(*arguments: str) -> tuple[int, str, str]:
        code = enter(gonogo, list(arguments))
        return (code, *capsys.readouterr())

    return call


def files_of(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def openapi(tmp_path: Path) -> str:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(own_service.openapi()))
    return str(path)


def test_an_empty_folder_gets_everything_that_a_review_needs(run: Run, tmp_path: Path, openapi: str) -> None:
    """Documents that load, guesses marked with their route, the owner's gates, and a list of what was written and guessed."""
    code, out, err = run("init", "shop", "--openapi", openapi, "--start", START, "--seed", SEED, "--owner", "ada: team")
    assert (code, files_of(tmp_path / "shop")) == (0, FILES), err
    folder = tmp_path / "shop"
    target = load_target(str(folder / "target.yaml"))
    assert target.name == "shop"
    assert target.target.operations["settle"].path == "/v2/holds/{payment_id}/capture"
    assert "    # guessed from the OpenAPI document: POST /v2/holds/{hold_id}/capture" in (folder / "target.yaml").read_text()
    gates = load_gates(folder / "gates")
    assert {(gate.owner, gate.runbook.partition("#")[0]) for gate in gates} == {("ada: team", "runbooks/gates.md")}
    for gate in gates:
        assert f"\n## {gate.id}\n" in (folder / gate.runbook.partition("#")[0]).read_text()
    assert "guessed  settle: POST /v2/holds/{hold_id}/capture" in out
    assert "missing  The gate `rollback`" in out
    assert yaml.safe_load((folder / ".github/workflows/gonogo.yml").read_text())["jobs"]["review"]["steps"]


def test_two_runs_write_the_same_bytes(run: Run, tmp_path: Path, openapi: str) -> None:
    """And the second one has nothing to overwrite."""
    arguments = ("init", "shop", "--openapi", openapi, "--start", START)
    assert run(*arguments)[0] == 0
    before = {name: (tmp_path / "shop" / name).read_bytes() for name in files_of(tmp_path / "shop")}
    assert run(*arguments)[0] == 0
    assert before == {name: (tmp_path / "shop" / name).read_bytes() for name in files_of(tmp_path / "shop")}


def test_nothing_is_overwritten_without_force(run: Run, tmp_path: Path) -> None:
    """All files that would be are named, nothing is written; --force replaces them and names them."""
    for name in ("README.md", "target.yaml"):
        (tmp_path / name).write_text("mine\n")
    code, _, err = run("init", "--name", "shop")
    assert (code, files_of(tmp_path)) == (2, ["README.md", "target.yaml"])
    assert "would overwrite README.md, target.yaml" in err
    code, out, _ = run("init", "--name", "shop", "--force")
    assert (code, "replaced  README.md" in out, "replaced  target.yaml" in out, "wrote  gonogo.yaml" in out) == (
        0,
        True,
        True,
        True,
    )


def test_a_rollback_gate_is_written_only_where_something_can_roll_back(run: Run, tmp_path: Path) -> None:
    """With commands for a service that runs elsewhere."""
    elsewhere = ("--kill", "./kill", "--restore", "./restore", "--deploy", "./deploy 2", "--rollback", "./deploy 1")
    assert run("init", "shop", "--base-url", "https://pay.example", *elsewhere)[0] == 0
    assert "gates/6-rollback.yaml" in files_of(tmp_path / "shop")
    named = load_target(str(tmp_path / "shop" / "target.yaml"))
    assert named.target.commands.deploy == ("./deploy", "2")
    assert named.target.base_url == "${GONOGO_BASE_URL:-https://pay.example}"


def test_a_candidate_is_something_that_can_be_rolled_back(run: Run, tmp_path: Path) -> None:
    """For a service that is started here."""
    candidate = "serve --port {port} --db {db} --fail 20"
    assert run("init", "shop", "--start", "serve --port {port} --db {db}", "--candidate", candidate)[0] == 0
    assert "gates/6-rollback.yaml" in files_of(tmp_path / "shop")
    process = load_target(str(tmp_path / "shop" / "target.yaml")).target.process
    assert process is not None
    assert process.candidate == tuple(candidate.split())


def test_a_summary_of_k6_gets_a_gate(run: Run, tmp_path: Path) -> None:
    """With the place of its time; the share of requests that failed."""
    assert run("init", "shop", "--k6", "out/k6 run.json")[0] == 0
    (gate,) = [gate for gate in load_gates(tmp_path / "shop" / "gates") if gate.id == "load-test"]
    source = gate.criteria[0].source
    assert (source.path, source.metric, source.time.pointer) == ("out/k6 run.json", "http_req_failed", "/time")  # type: ignore[union-attr]  # k6's
    assert "\n## load-test\n" in (tmp_path / "shop" / "runbooks" / "gates.md").read_text()


def test_a_list_of_settlements_is_guessed_into_the_target(run: Run, tmp_path: Path) -> None:
    """Marked with its route, and a file that loads; nothing is then missing to read settlements back."""
    (tmp_path / "openapi.json").write_text(json.dumps(small_payments.openapi()))
    code, out, err = run("init", "shop", "--openapi", "openapi.json")
    assert code == 0, err
    assert "guessed  settlements: GET /v1/captures" in out
    assert "A place to read settlements back" not in out
    shape = load_target(str(tmp_path / "shop" / "target.yaml")).target.audit.settlements
    assert shape is not None
    assert (shape.items, shape.payment, shape.states) == ("/data", "/intent", States(("succeeded",), ("refunded",)))
    assert shape.paging == ByLastId("/has_more", "starting_after")


def test_junit_files_that_are_named_get_a_gate(run: Run, tmp_path: Path) -> None:
    """And only then."""
    assert run("init", "shop", "--junit", "reports/*.xml 'more tests.xml'")[0] == 0
    (gate,) = [gate for gate in load_gates(tmp_path / "shop" / "gates") if gate.id == "tests"]
    (criterion,) = gate.criteria
    assert criterion.source.paths == ("reports/*.xml", "more tests.xml")  # type: ignore[union-attr]  # the JUnit source
    assert (gate.priority.value, gate.waivable) == ("P1", True)
    assert "\n## tests\n" in (tmp_path / "shop" / "runbooks" / "gates.md").read_text()


def test_a_prometheus_that_is_named_gets_a_gate_for_the_service_level(run: Run, tmp_path: Path) -> None:
    """With the share of requests that did not fail, over the queries as they were given."""
    queries = ("--slo-requests", "sum(increase(r[30d]))", "--slo-failed", 'sum(increase(r{code=~"5.."}[30d]))')
    assert run("init", "shop", "--prometheus", "http://127.0.0.1:9090", *queries, "--slo-up", 'up{job="p"}')[0] == 0
    (gate,) = [gate for gate in load_gates(tmp_path / "shop" / "gates") if gate.id == "slo"]
    source = gate.criteria[0].source
    assert source.query == '1 - (sum(increase(r{code=~"5.."}[30d]))) / (sum(increase(r[30d])))'  # type: ignore[union-attr]  # the query
    assert (source.samples, source.scraped) == ("sum(increase(r[30d]))", 'up{job="p"}')  # type: ignore[union-attr]  # the same


def test_a_card_processor_gets_a_target_that_loads(run: Run, tmp_path: Path) -> None:
    """Form bodies, whole amounts, HTTP Basic and a refund of its own, each marked with where it comes from."""
    body = {"content": {"application/x-www-form-urlencoded": {"schema": {"properties": {"amount": {"type": "integer"}}}}}}
    posts = {f"/intents/{{id}}/{name}": {"post": {}} for name in ("capture", "cancel", "refund")}
    document = {"openapi": "3.1.0", "paths": {"/intents": {"post": {"requestBody": body}}, **posts}}
    document["components"] = {"securitySchemes": {"key": {"type": "http", "scheme": "basic"}}}
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    code, _, err = run("init", "shop", "--openapi", "openapi.json", "--base-url", "https://pay.example/v1")
    assert code == 0, err
    target = load_target(str(tmp_path / "shop" / "target.yaml")).target
    assert (target.amount_format, target.operations["reserve"].body_format) == ("integer", "form")
    assert set(target.operations) == {"reserve", "settle", "reverse", "refund"}
    assert "# guessed from the OpenAPI document: the security scheme key" in (tmp_path / "shop" / "target.yaml").read_text()


def test_without_any_answer_everything_to_fill_in_is_marked(run: Run, tmp_path: Path) -> None:
    """And what stays unknown until then is listed, on the screen and in the README."""
    code, out, _ = run("init", "shop")
    assert code == 0
    text = (tmp_path / "shop" / "target.yaml").read_text()
    assert text.count("not in an OpenAPI document: edit it") == 5
    for missing in (
        "The gate `rollback`",
        "The gate `tests`",
        "The gate `load-test`",
        "The gate `slo`",
        "A way to crash it",
        "A place to read settlements back",
        "The build that runs",
    ):
        assert f"missing  {missing}" in out
        assert f"- {missing}" in (tmp_path / "shop" / "README.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--name", "My Shop"), "--name 'My Shop' is not lower-case words joined with -"),
        (("--start", "serve"), "--start has no {port}"),
        (("--start", "serve '{port}"), "No closing quotation"),
        (("--seed", "seed"), "--seed needs --start"),
        (("--candidate", "serve --port {port}"), "--candidate needs --start"),
        (("--start", "serve {port}", "--candidate", "serve"), "spec.process.candidate: has no {port}, which `start` has"),
        (("--kill", "kill"), "--kill and --restore are needed together"),
        (("--rollback", "back"), "--deploy and --rollback are needed together"),
        (("--start", "serve {port}", "--kill", "k", "--restore", "r"), "--start is for a service that gonogo runs here"),
        (("--openapi", "nowhere.json"), "nowhere.json: no such file"),
        (("--base-url", "ftp://pay.example"), "--base-url 'ftp://pay.example' is not an address of http or https"),
        (("--base-url", "http://user:hunter2@pay.example"), "--base-url holds a user name or a password"),
        (("--prometheus", "http://127.0.0.1:9090"), "--prometheus, --slo-requests, --slo-failed, --slo-up are needed together"),
        (("--prometheus", "nowhere"), "--prometheus 'nowhere' is not an address of http or https"),
        (("--owner", "a\nb"), "--owner is not one line of text"),
    ],
)
def test_wrong_answers_are_refused_by_their_option_and_nothing_is_written(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    """Exit 2."""
    code, _, err = run("init", "shop", *arguments)
    assert (code, complaint in err, "hunter2" in err) == (2, True, False), err
    assert not (tmp_path / "shop").exists()


def test_a_terminal_asks_only_what_is_not_given_and_what_applies() -> None:
    """Every question is an option; one about a service elsewhere is not for a service that is started here."""
    options = {name for parameter in gonogo.get_command(None, "init").params for name in parameter.opts}  # type: ignore[arg-type,union-attr]  # it is there
    assert {f"--{question.member.replace('_', '-')}" for question in QUESTIONS} <= options
    asked: list[str] = []

    def answer(text: str, default: str) -> str:
        asked.append(text)
        return "serve {port}" if text.startswith("Command that starts it here") else default

    given = {question.member: None for question in QUESTIONS} | {"owner": "ada"}
    found = ask(given, answer, {"name": "shop"})
    assert (found["name"], found["owner"], found["start"], found["kill"]) == ("shop", "ada", "serve {port}", None)
    assert [text.partition(" (")[0] for text in asked] == [
        "OpenAPI document of the service: a URL or a file",
        "Name of the service",
        "Command that starts it here, with {port} and {db}",
        "Command that makes its accounts in {db} and prints them as JSON",
        "Command that starts another release, one that fails",
        "When it is launched, such as YYYY-MM-DDTHH:MM",
        "JUnit files of its tests, such as reports/*.xml",
        "Summary of its k6 script, such as k6.json",
        "Address of the Prometheus that watches it",
    ]


def test_a_project_file_that_is_wrong_ends_every_command_with_2(run: Run, tmp_path: Path) -> None:
    """Named with its path; and an option on the command line comes before the file."""
    assert run("init", "--name", "shop")[0] == 0
    assert "no-double-settle" in run("gate", "list")[1]
    assert "onboarding-quality" in run("gate", "list", "--gates", "launch-plan")[1]
    assert load_project(tmp_path).target == "target.yaml"
    (tmp_path / "gonogo.yaml").write_text("apiVersion: gonogo/v1\nkind: Project\nmetadata: {name: x}\nspec: {targt: x}\n")
    for command in (("review",), ("gate", "list"), ("scorecard", "build"), ("drill", "run", "crash"), ("load", "run", "smoke")):
        code, _, err = run(*command)
        assert (
            code,
            "gonogo.yaml: $.spec: unknown key 'targt'; the keys are changes, freeze, gates, profile, roster, target, waivers"
            in err,
        ) == (
            2,
            True,
        )


@pytest.fixture
def shop(run: Run, tmp_path: Path, openapi: str) -> Path:
    """A starting folder for the small service."""
    assert run("init", "shop", "--openapi", openapi, "--start", START, "--seed", SEED)[0] == 0
    return tmp_path / "shop"


def process(shop: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`gonogo` as a program of its own, in the folder."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GONOGO_")}
    env["PYTHONPATH"] = os.pathsep.join(sys.path)
    argv = [sys.executable, "-P", "-m", "scorecards", *arguments]
    return subprocess.run(argv, cwd=shop, env=env, capture_output=True, text=True, timeout=400, check=False)


def begun(shop: Path) -> None:
    """A first review of one step, then the storm by the command as it is printed, which judges with what was stored before."""
    first = process(shop, "review", "--steps", "secret-scan")
    assert first.returncode == 3, first.stderr
    command = next(line for line in first.stdout.splitlines() if "--steps storm " in line).strip().removeprefix("$ ")
    assert command.endswith("review --steps storm --profile profile.yaml --target target.yaml --gates gates")
    second = process(shop, *shlex.split(command[command.index("review") :]))
    assert [line.split("  ")[0] for line in second.stdout.splitlines() if line.startswith("✓")][:2] == [
        "✓ No double settle",
        "✓ No lost settle",
    ], second.stdout + second.stderr


@pytest.mark.process
def test_a_review_runs_at_once_in_a_new_folder_and_prints_the_command_of_the_next_step(shop: Path) -> None:
    """As it is printed it starts the storm, and its gates pass; a review that ends in GO is in test_your_own_service.py."""
    begun(shop)


@pytest.mark.nightly
@pytest.mark.process
def test_the_next_commands_of_a_new_folder_lead_to_go(shop: Path) -> None:
    """The storm, then the rest: GO, and it verifies."""
    begun(shop)
    review = process(shop, "review", "--steps", "fail-closed,crash,secret-scan")
    assert review.returncode == 0, review.stdout + review.stderr
    assert review.stdout.startswith("GO: all 4 P0 gates and 1 of 1 P1 gates pass.")
    assert "Judged by your own gate set" in review.stdout
    assert (shop / ".gonogo" / "reviews" / "latest" / "runbooks" / "gates.html").is_file()
    verify = process(shop, "scorecard", "verify")
    assert verify.stdout.splitlines()[-1] == "verified", verify.stdout
